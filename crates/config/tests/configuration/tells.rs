//! What is in force, as people and programs see it.

use std::collections::BTreeMap;
use std::path::Path;

use config::{Config, report};

const FILE: &str = "\
AWS_REGION: eu-west-1
SOURCE_ACCTS: [111111111111, 012345678901]
DR_ACCT: 222222222222

FLOOR: { weekly: 4 }
lifecycles:
  Fortnight: { daily: 14 }
  Recent: { within: 2w, last: 3 }
";

fn config() -> Config {
    let environment = BTreeMap::from([
        ("DR_ACCT".to_owned(), "333333333333".to_owned()),
        ("NO_COPY_HOURS".to_owned(), "0".to_owned()),
        ("PATH".to_owned(), "/bin".to_owned()),
    ]);
    Config::of(Path::new("config.yaml"), FILE.as_bytes(), &environment).expect("a configuration")
}

#[test]
fn a_person_sees_what_is_in_force_and_where_it_came_from() {
    insta::assert_snapshot!(report::text(&config()));
}

#[test]
fn a_program_gets_one_object() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&report::as_json(&config())).expect("JSON"));
}

#[test]
fn templates_get_lifecycles_and_floor_as_json() {
    let config = config();
    assert_eq!(config.lifecycles_json(), r#"{"Fortnight":{"daily":14},"Recent":{"within":"14d","last":3}}"#);
    assert_eq!(config.floor_json(), r#"{"weekly":4}"#);
    assert_eq!(config.source_accounts(), "012345678901,111111111111");
    assert_eq!(Config::default().lifecycles_json(), "{}");
}
