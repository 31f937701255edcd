//! Every combination of application server, database, tenancy, scenario and configuration location:
//! what its plans are, and the laws that all of them obey.

mod laws;
mod planned;
mod sites;

use planned::Planned;
use sites::Combination;

/// The three plans of a combination, one step a line. A change here is a change of what an operator's
/// night looks like: read it.
#[test]
fn the_plans_of_all_combinations() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for combination in Combination::all() {
        let site = combination.lay_out();
        let mut text = String::new();
        for phase in planned::PHASES {
            text.push_str(&Planned::of(&site, combination.scenario(), phase).outline());
        }
        insta::assert_snapshot!(combination.name(), text);
    }
}

#[test]
fn every_plan_obeys_the_laws() {
    let mut broken = Vec::new();
    for combination in Combination::all() {
        let site = combination.lay_out();
        for phase in planned::PHASES {
            let plan = Planned::of(&site, combination.scenario(), phase);
            let found = laws::broken(&plan);
            broken.extend(found.map(|law| format!("{} {phase}: {law}", combination.name())));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
