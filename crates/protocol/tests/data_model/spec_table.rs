//! The table of settings, by itself and by AWS's parameters.

use std::collections::BTreeSet;

use protocol::spec::{Compared, Given, Reach, Setting, Target};

const TARGETS: [Target; 4] = [Target::Instance, Target::AuroraCluster, Target::MultiAzCluster, Target::Member];

/// The keys of the text form that are no settings.
const RESERVED: [&str; 8] = ["v", "n", "kind", "engine", "version", "lost", "lostm", "lostg"];

#[test]
fn keys_and_parameters_are_unique() {
    let rows = || Setting::ALL.iter().map(|setting| setting.row());
    assert_eq!(
        rows().map(|row| row.key).chain(RESERVED).collect::<BTreeSet<_>>().len(),
        rows().count() + RESERVED.len()
    );
    assert_eq!(rows().map(|row| row.parameter).collect::<BTreeSet<_>>().len(), rows().count());
    assert!(rows().all(|row| row.key.bytes().all(|byte| byte.is_ascii_lowercase())));
}

#[test]
fn every_setting_belongs_to_something() {
    for setting in Setting::ALL {
        let row = setting.row();
        assert!(TARGETS.iter().any(|target| row.given(*target) != Given::No), "{setting:?}");
        assert!(![row.instance, row.aurora_cluster, row.multi_az_cluster].contains(&Given::Create), "{setting:?}");
        assert!([Given::No, Given::Create, Given::Report].contains(&row.member), "{setting:?}");
        let of = TARGETS.map(|target| row.given(target));
        let is_only_reported = of.iter().all(|given| matches!(given, Given::No | Given::Report));
        assert!(
            !is_only_reported || row.compared == Compared::Never,
            "{setting:?} is not given, so it cannot become equal"
        );
    }
}

/// What names a resource of an account, or opens a database, stays at home.
#[test]
fn nothing_of_a_network_and_no_arn_is_used_elsewhere() {
    for setting in Setting::ALL {
        let row = setting.row();
        let is_home =
            ["Arn", "KMSKeyId", "KmsKeyId", "Role", "Subnet", "Vpc", "Public", "Domain", "Availability", "Network"]
                .iter()
                .any(|part| row.parameter.contains(part));
        assert!(!is_home || row.reach == Reach::Home, "{setting:?}");
    }
}
