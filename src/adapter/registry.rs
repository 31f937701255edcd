//! Every action of the program.

use super::action::ActionEntry;
use super::weblogic::zdt;
use super::{
    artemis, backupset, command, domibus, files, gate, h2, http, kahadb, milestone, mysql, oracle,
    ox, postgres, server, weblogic, xml,
};
use crate::backup::FormatCheck;

/// All actions, sorted by name.
pub static ACTIONS: &[ActionEntry] = &[
    ActionEntry::of::<artemis::ArtemisBackup>(),
    ActionEntry::of::<artemis::ArtemisExport>(),
    ActionEntry::of::<artemis::ArtemisImport>(),
    ActionEntry::of::<artemis::ArtemisRestore>(),
    ActionEntry::of::<artemis::ArtemisVerify>(),
    ActionEntry::of::<backupset::BackupsetCheckCurrent>(),
    ActionEntry::of::<backupset::BackupsetSeal>(),
    ActionEntry::of::<backupset::BackupsetVerify>(),
    ActionEntry::of::<command::CommandCheck>(),
    ActionEntry::of::<command::CommandRun>(),
    ActionEntry::of::<domibus::CheckQueues>(),
    ActionEntry::of::<domibus::CheckSeparate>(),
    ActionEntry::of::<files::FilesBackup>(),
    ActionEntry::of::<files::FilesDiscard>(),
    ActionEntry::of::<files::FilesOverlay>(),
    ActionEntry::of::<files::FilesRemove>(),
    ActionEntry::of::<files::FilesReplace>(),
    ActionEntry::of::<files::FilesRestore>(),
    ActionEntry::of::<gate::Gate>(),
    ActionEntry::of::<h2::H2Backup>(),
    ActionEntry::of::<h2::H2CheckTables>(),
    ActionEntry::of::<h2::H2Restore>(),
    ActionEntry::of::<h2::H2Script>(),
    ActionEntry::of::<http::HttpCheck>(),
    ActionEntry::of::<kahadb::KahadbBackup>(),
    ActionEntry::of::<kahadb::KahadbRestore>(),
    ActionEntry::of::<kahadb::KahadbVerify>(),
    ActionEntry::of::<milestone::Milestone>(),
    ActionEntry::of::<mysql::CheckQuiet>(),
    ActionEntry::of::<mysql::Dump>(),
    ActionEntry::of::<mysql::Query>(),
    ActionEntry::of::<mysql::Restore>(),
    ActionEntry::of::<mysql::Script>(),
    ActionEntry::of::<oracle::Export>(),
    ActionEntry::of::<oracle::Query>(),
    ActionEntry::of::<oracle::Restore>(),
    ActionEntry::of::<oracle::Script>(),
    ActionEntry::of::<ox::ChangeServer>(),
    ActionEntry::of::<ox::CheckProperty>(),
    ActionEntry::of::<ox::CheckSchemata>(),
    ActionEntry::of::<ox::CheckUpdated>(),
    ActionEntry::of::<ox::DisableSchema>(),
    ActionEntry::of::<ox::EnableSchema>(),
    ActionEntry::of::<ox::FindServer>(),
    ActionEntry::of::<ox::RegisterServer>(),
    ActionEntry::of::<ox::ReloadConfiguration>(),
    ActionEntry::of::<ox::RemoveProperty>(),
    ActionEntry::of::<ox::RunUpdate>(),
    ActionEntry::of::<ox::SetProperty>(),
    ActionEntry::of::<postgres::CheckQuiet>(),
    ActionEntry::of::<postgres::Dump>(),
    ActionEntry::of::<postgres::Query>(),
    ActionEntry::of::<postgres::Restore>(),
    ActionEntry::of::<postgres::Script>(),
    ActionEntry::of::<server::CheckStopped>(),
    ActionEntry::of::<server::Start>(),
    ActionEntry::of::<server::Stop>(),
    ActionEntry::of::<weblogic::CheckDomainStopped>(),
    ActionEntry::of::<weblogic::EmptyJms>(),
    ActionEntry::of::<weblogic::ExportJms>(),
    ActionEntry::of::<weblogic::HoldApplication>(),
    ActionEntry::of::<weblogic::ImportJms>(),
    ActionEntry::of::<weblogic::PauseJms>(),
    ActionEntry::of::<weblogic::ReleaseApplication>(),
    ActionEntry::of::<weblogic::ResumeJms>(),
    ActionEntry::of::<weblogic::StartApplication>(),
    ActionEntry::of::<weblogic::StartServers>(),
    ActionEntry::of::<weblogic::StopApplication>(),
    ActionEntry::of::<weblogic::StopServers>(),
    ActionEntry::of::<weblogic::Survey>(),
    ActionEntry::of::<weblogic::VerifyJms>(),
    ActionEntry::of::<xml::XmlEdit>(),
    ActionEntry::of::<zdt::ArchiveHome>(),
    ActionEntry::of::<zdt::CheckRestrictions>(),
    ActionEntry::of::<zdt::CheckNode>(),
    ActionEntry::of::<zdt::Deliver>(),
    ActionEntry::of::<zdt::FindRolledOut>(),
    ActionEntry::of::<zdt::PatchHome>(),
    ActionEntry::of::<zdt::Rollout>(),
    ActionEntry::of::<zdt::SurveyDomain>(),
    ActionEntry::of::<zdt::TakeBack>(),
    ActionEntry::of::<zdt::UnpackHome>(),
    ActionEntry::of::<zdt::WriteApplications>(),
    ActionEntry::of::<zdt::WriteMigrations>(),
];

/// What knows the formats of artifacts that adapters write, for the verification of sets.
pub static FORMAT_CHECKS: &[&dyn FormatCheck] = &[
    &artemis::ArtemisExportCheck,
    &artemis::ArtemisStoreCheck,
    &h2::H2Check,
    &kahadb::KahadbStoreCheck,
    &oracle::DumpCheck,
    &weblogic::WeblogicJmsCheck,
];

/// The action of that name.
pub fn find(name: &str) -> Option<&'static ActionEntry> {
    ACTIONS.iter().find(|entry| entry.name == name)
}

/// Names of all actions.
pub fn names() -> Vec<&'static str> {
    ACTIONS.iter().map(|entry| entry.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_unique() {
        assert!(ACTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
