//! The jobs of one scheduler.

use std::collections::BTreeSet;

use super::command::JobCommand;
use super::fingerprint::Fingerprint;

/// Jobs by time and by id, so that no command has to look at all of them.
#[derive(Default)]
pub(super) struct Jobs {
    by_time: BTreeSet<(i64, Fingerprint)>,
    by_id: BTreeSet<(Fingerprint, i64)>,
}

impl Jobs {
    /// Applies a change as ActiveMQ 5.16 `JobSchedulerImpl.java` (`process`) does; a job that is
    /// not known is no error there, its first record may be long deleted.
    pub(super) fn apply(&mut self, change: JobCommand) {
        match change {
            JobCommand::Add { job, time } => self.insert(job, time),
            JobCommand::Move { job, from, to } => {
                if self.remove(job, from) {
                    self.insert(job, to);
                }
            }
            // "JobId and no time value means find the job and remove it."
            JobCommand::Remove { job, time: -1 } => {
                let found = self.by_id.range((job, i64::MIN)..=(job, i64::MAX)).next();
                if let Some(&(job, time)) = found {
                    self.remove(job, time);
                }
            }
            JobCommand::Remove { job, time } => {
                self.remove(job, time);
            }
            JobCommand::RemoveRange { start, end } => {
                while let Some(&(time, job)) =
                    self.by_time.range((start, Fingerprint::LEAST)..).next()
                    && time <= end
                {
                    self.remove(job, time);
                }
            }
            JobCommand::Destroy => *self = Self::default(),
        }
    }

    /// The ids of all jobs, one for each time at which it is due.
    pub(super) fn into_ids(self) -> impl Iterator<Item = Fingerprint> {
        self.by_id.into_iter().map(|(job, _)| job)
    }

    fn insert(&mut self, job: Fingerprint, time: i64) {
        self.by_time.insert((time, job));
        self.by_id.insert((job, time));
    }

    fn remove(&mut self, job: Fingerprint, time: i64) -> bool {
        self.by_id.remove(&(job, time));
        self.by_time.remove(&(time, job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(changes: impl IntoIterator<Item = JobCommand>) -> Vec<Fingerprint> {
        let mut jobs = Jobs::default();
        for change in changes {
            jobs.apply(change);
        }
        assert_eq!(jobs.by_time.len(), jobs.by_id.len());
        jobs.into_ids().collect()
    }

    #[test]
    fn a_job_is_removed_at_its_time_or_at_any() {
        let (a, b) = (Fingerprint::of(b"a"), Fingerprint::of(b"b"));
        let added = || {
            [
                JobCommand::Add { job: a, time: 5 },
                JobCommand::Add { job: b, time: 5 },
            ]
        };
        let then = |change| after(added().into_iter().chain([change]));
        assert_eq!(then(JobCommand::Remove { job: a, time: 5 }), [b]);
        assert_eq!(then(JobCommand::Remove { job: a, time: -1 }), [b]);
        assert_eq!(then(JobCommand::Remove { job: a, time: 6 }).len(), 2);
        assert_eq!(then(JobCommand::RemoveRange { start: 0, end: 5 }), []);
        assert_eq!(then(JobCommand::RemoveRange { start: 6, end: 5 }).len(), 2);
        assert_eq!(then(JobCommand::RemoveRange { start: 0, end: 4 }).len(), 2);
        assert_eq!(then(JobCommand::Destroy), []);
    }

    #[test]
    fn a_moved_job_is_found_at_its_new_time_only() {
        let job = Fingerprint::of(b"job");
        let moved = || {
            [
                JobCommand::Add { job, time: 5 },
                JobCommand::Move {
                    job,
                    from: 5,
                    to: 9,
                },
            ]
        };
        let then = |change| after(moved().into_iter().chain([change]));
        assert_eq!(then(JobCommand::Remove { job, time: 5 }), [job]);
        assert_eq!(then(JobCommand::Remove { job, time: 9 }), []);
    }

    #[test]
    fn an_unknown_job_cannot_be_moved_and_a_known_one_not_doubled() {
        let job = Fingerprint::of(b"job");
        assert_eq!(
            after([JobCommand::Move {
                job,
                from: 5,
                to: 9
            }]),
            []
        );
        let twice = [
            JobCommand::Add { job, time: 5 },
            JobCommand::Add { job, time: 5 },
        ];
        assert_eq!(after(twice), [job]);
    }
}
