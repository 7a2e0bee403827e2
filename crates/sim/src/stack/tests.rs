//! Templates without a world: what functions, conditions and parameters come to, by the examples of CloudFormation's guide.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::scope::{CreatedResource, Scope};
use super::{Error, PathError, Template};

/// A template with this between its parameters and a bucket, whose properties hold the value.
fn template(sections: &str, value: &str) -> Result<Template, Error> {
    let indented: String = value.lines().map(|line| format!("        {line}\n")).collect();
    Template::parse(
        "t.yaml",
        &format!("{sections}\nResources:\n  It:\n    Type: Some::Type\n    Properties:\n      Value:\n{indented}"),
    )
}

fn given(parameters: &[(&str, &str)]) -> BTreeMap<String, String> {
    parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What the value comes to, beside a topic that has been made.
fn resolved(sections: &str, value: &str, parameters: &[(&str, &str)]) -> Result<Value, Error> {
    let template = template(sections, value)?;
    let pseudo = [("AWS::Region", "eu-west-1".to_owned()), ("AWS::AccountId", "111111111111".to_owned())];
    let mut scope = Scope::new(&template, &given(parameters), pseudo).map_err(|error| error.in_template("t.yaml"))?;
    let attributes = BTreeMap::from([("TopicName", "orders".to_owned())]);
    scope.add_created("Topic", CreatedResource { reference: "arn:aws:sns:::orders".to_owned(), attributes });
    let value = scope.resolve(&template.resources["It"].properties);
    Ok(value.map_err(|error| error.within("It").in_template("t.yaml"))?.unwrap_or_default()["Value"].clone())
}

fn why(result: Result<Value, Error>) -> String {
    result.map_or_else(|error| error.to_string(), |value| format!("it came to {value}"))
}

#[test]
fn functions_in_short_and_long_form_come_to_the_same() {
    let sections = "Mappings: { RegionMap: { eu-west-1: { HVM64: ami-1 } } }\nParameters:\n  List: { Type: CommaDelimitedList, Default: 'a, b,c' }";
    let table = [
        ("!Ref Topic", "{Ref: Topic}", json!("arn:aws:sns:::orders")),
        ("!Ref List", "{Ref: List}", json!(["a", "b", "c"])),
        ("!GetAtt Topic.TopicName", "{'Fn::GetAtt': [Topic, TopicName]}", json!("orders")),
        ("!Sub 'in ${AWS::Region}'", "{'Fn::Sub': 'in ${AWS::Region}'}", json!("in eu-west-1")),
        (
            "!Sub '${Topic.TopicName}-${Topic}'",
            "{'Fn::Sub': ['${Topic.TopicName}-${T}', {T: !Ref Topic}]}",
            json!("orders-arn:aws:sns:::orders"),
        ),
        // "To write a dollar sign and curly braces literally, add an exclamation point" (Fn::Sub)
        ("!Sub 'a ${!Literal}'", "{'Fn::Sub': 'a ${!Literal}'}", json!("a ${Literal}")),
        ("!Join [':', [a, b, c]]", "{'Fn::Join': [':', !Ref List]}", json!("a:b:c")),
        ("!Split ['|', 'a|b|']", "{'Fn::Split': ['|', 'a|b|']}", json!(["a", "b", ""])),
        ("!Select ['1', [apples, grapes]]", "{'Fn::Select': [1, [apples, grapes]]}", json!("grapes")),
        (
            "!FindInMap [RegionMap, !Ref AWS::Region, HVM64]",
            "{'Fn::FindInMap': [RegionMap, {Ref: 'AWS::Region'}, HVM64]}",
            json!("ami-1"),
        ),
    ];
    for (short, long, expected) in table {
        assert_eq!(resolved(sections, short, &[]), Ok(expected.clone()), "{short}");
        assert_eq!(resolved(sections, long, &[]), Ok(expected), "{long}");
    }
}

#[test]
fn conditions_choose_and_no_value_leaves_out() {
    let sections = "
Parameters:
  Environment: { Type: String, Default: test, AllowedValues: [prod, test] }
  Size: { Type: Number, Default: 0 }
Conditions:
  IsProd: !Equals [!Ref Environment, prod]
  HasSize: !Not [!Equals [!Ref Size, 0]]
  Both: !And [!Condition IsProd, {Condition: HasSize}]
  Any: !Or [!Condition IsProd, !Condition HasSize]";
    let value = "{big: !If [Both, 1, !Ref 'AWS::NoValue'], some: [!If [Any, yes, !Ref 'AWS::NoValue'], x]}";
    let table: [(&[(&str, &str)], _); 3] = [
        (&[], json!({ "some": ["x"] })),
        (&[("Size", "3")], json!({ "some": [true, "x"] })),
        (&[("Size", "3"), ("Environment", "prod")], json!({ "big": 1, "some": [true, "x"] })),
    ];
    for (parameters, expected) in table {
        assert_eq!(resolved(sections, value, parameters), Ok(expected), "{parameters:?}");
    }
}

#[test]
fn parameters_are_checked_and_the_error_names_them() {
    let sections = "
Parameters:
  Account: { Type: String, AllowedPattern: '[0-9]{12}' }
  Accounts: { Type: CommaDelimitedList, Default: '', AllowedPattern: '[0-9]*', ConstraintDescription: only digits. }
  Hours: { Type: Number, Default: 24, MinValue: 1, MaxValue: 8760 }
  Name: { Type: String, Default: ab, MinLength: 2, MaxLength: 3 }
  Kind: { Type: String, Default: a, AllowedValues: [a, b] }";
    let account = ("Account", "111111111111");
    let errors: [(&[(&str, &str)], &str); 8] = [
        (&[], "Account: it has no default and was not given"),
        (&[("Account", "1111111111111")], "Account: \"1111111111111\" cannot be given: it must match [0-9]{12}"),
        (&[account, ("Accounts", "1, x")], "Accounts: \"x\" cannot be given: only digits."),
        (&[account, ("Hours", "0")], "Hours: \"0\" cannot be given: it is out of range"),
        (&[account, ("Hours", "soon")], "Hours: \"soon\" cannot be given: it must be a number"),
        (&[account, ("Name", "abcd")], "Name: \"abcd\" cannot be given: it has 4 characters"),
        (&[account, ("Kind", "c")], "Kind: \"c\" cannot be given: it must be one of a, b"),
        (&[account, ("Other", "c")], "Other: there is no such parameter"),
    ];
    for (parameters, expected) in errors {
        assert_eq!(why(resolved(sections, "x", parameters)), format!("t.yaml: Parameters.{expected}"));
    }
    assert_eq!(resolved(sections, "!Ref Hours", &[account]), Ok(json!("24")));
}

#[test]
fn what_cannot_be_understood_is_refused_and_told_where() {
    let of_value = [
        ("!Ref Nobody", "It.Value: there is neither a parameter nor a resource Nobody"),
        ("!Ref It", "It.Value: It is not made under these parameters"),
        ("!GetAtt Topic.Owner", "It.Value: the attribute Owner of Topic is not simulated"),
        ("[a, !Sub '${Nobody}']", "It.Value.1: there is neither a parameter nor a resource Nobody"),
        ("!Sub '${Topic'", "It.Value: in ${Topic a place has no end"),
        ("!If [Nothing, a, b]", "It.Value: there is no condition Nothing"),
        ("!Join [a]", "It.Value: Fn::Join takes a list of 2"),
        ("!Select [2, [a, b]]", "It.Value: Fn::Select cannot select 2 of 2"),
        ("!Equals [a, b]", "It.Value: Fn::Equals stands only in conditions"),
        ("{'Fn::ImportValue': a}", "It.Value: the function Fn::ImportValue is not simulated"),
        ("!Transform a", "line 7 column 20: the tag !Transform is not simulated"),
        ("!GetAtt Topic", "line 7 column 17: !GetAtt Topic names no attribute"),
        ("{a: 1, a: 2}", "line 7 column 16: a is there twice"),
        ("[&a x, *a]", "line 7 column 16: CloudFormation has no aliases"),
    ];
    for (value, expected) in of_value {
        assert_eq!(why(resolved("", value, &[])), format!("t.yaml: {expected}"), "{value}");
    }
    let of_section = [
        ("Transform: AWS::Serverless-2016-10-31", "Transform: this section is not simulated"),
        ("AWSTemplateFormatVersion: 2012-10-17", "AWSTemplateFormatVersion: the only version is 2010-09-09"),
        (
            "Parameters: { P: { Type: AWS::EC2::VPC::Id } }",
            "Parameters.P.Type: parameters of the type AWS::EC2::VPC::Id are not simulated",
        ),
        (
            "Parameters: { P: { Type: String, Pattern: a } }",
            "Parameters.P.Pattern: there is no such thing about a parameter",
        ),
        ("Conditions: { A: !Condition B, B: !Condition A }", "Conditions.A: the condition A needs itself"),
        ("Conditions: { A: !Ref AWS::Region }", "Conditions.A: Ref is no condition"),
    ];
    for (section, expected) in of_section {
        assert_eq!(why(resolved(section, "x", &[])), format!("t.yaml: {expected}"));
    }
}

fn order(resources: &str) -> Result<Vec<String>, PathError> {
    let text = format!("Conditions: {{ Never: !Equals [a, b] }}\nResources:\n{resources}");
    let template = Template::parse("t.yaml", &text).expect("a template");
    Scope::new(&template, &BTreeMap::new(), [])?.order()
}

#[test]
fn resources_come_after_those_that_they_need_and_without_those_that_are_not_wanted() {
    let resources = "
  A: { Type: T, DependsOn: B }
  B: { Type: T, Properties: { X: [!If [Never, !Ref Not, !GetAtt C.Arn]] } }
  C: { Type: T, Properties: { X: !Sub '${D}${!A}' } }
  D: { Type: T }
  Not: { Type: T, Condition: Never, DependsOn: A }";
    assert_eq!(order(resources).expect("an order"), ["D", "C", "B", "A"]);
    let circle =
        order("\n  A: { Type: T, DependsOn: [B] }\n  B: { Type: T, Properties: { X: !Ref A } }\n  C: { Type: T }");
    let told = circle.expect_err("a circle").in_template("t.yaml").to_string();
    assert_eq!(told, "t.yaml: there is a circle among A, B");
    let unwanted = order("\n  A: { Type: T, Properties: { X: !Ref Not } }\n  Not: { Type: T, Condition: Never }");
    let told = unwanted.expect_err("a resource that is not there").in_template("t.yaml").to_string();
    assert_eq!(told, "t.yaml: A: Not is not made under these parameters");
}

#[test]
fn plain_words_are_read_as_yaml_1_1_has_them() {
    let value = "[yes, Off, 'OFF', 12, 0123, 1.5, 2012-10-17, ~, 012345678901, 1e3, -3]";
    let expected = json!([true, false, "OFF", 12, "0123", 1.5, "2012-10-17", null, "012345678901", "1e3", -3]);
    assert_eq!(resolved("", value, &[]), Ok(expected));
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_none_and_never_a_crash(text in "(\\PC|\n| ){0,200}") {
        let _ = Template::parse("t.yaml", &text);
    }

    #[test]
    fn what_has_no_functions_stays_as_it_is(list in prop::collection::vec("[a-zA-Z ${}!:*-]{0,12}", 0..6)) {
        let value = json!(list);
        prop_assert_eq!(resolved("", &value.to_string(), &[]), Ok(value));
    }

    #[test]
    fn what_is_split_and_joined_is_the_same_again(text in "[a-c,]{0,20}") {
        let value = json!({ "Fn::Join": [",", { "Fn::Split": [",", text] }] });
        prop_assert_eq!(resolved("", &value.to_string(), &[]), Ok(json!(text)));
    }
}
