//! Templates without a world: values of functions, conditions and parameters, by the examples of CloudFormation's user
//! guide.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::scope::{CreatedResource, Scope};
use super::{Error, PathError, Template};

/// A template with these sections and one resource, whose property `Value` is the expression.
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

/// The value of the expression, in a stack in which a topic was created.
fn resolved(sections: &str, value: &str, parameters: &[(&str, &str)]) -> Result<Value, Error> {
    let template = template(sections, value)?;
    let pseudo = [("AWS::Region", "eu-west-1".to_owned()), ("AWS::AccountId", "111111111111".to_owned())];
    let mut scope = Scope::new(&template, &given(parameters), pseudo).map_err(|error| error.in_template("t.yaml"))?;
    let attributes = BTreeMap::from([("TopicName", "orders".to_owned())]);
    scope.add_created("Topic", CreatedResource { reference: "arn:aws:sns:::orders".to_owned(), attributes });
    let value = scope.resolve(&template.resources["It"].properties);
    Ok(value.map_err(|error| error.within("It").in_template("t.yaml"))?.unwrap_or_default()["Value"].clone())
}

fn error_of(result: Result<Value, Error>) -> String {
    result.map_or_else(|error| error.to_string(), |value| format!("the value is {value}"))
}

#[test]
fn short_and_long_forms_have_the_same_value() {
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
        ("!GetAZs ''", "{'Fn::GetAZs': eu-west-1}", json!(["eu-west-1a", "eu-west-1b", "eu-west-1c"])),
        (
            "!Cidr [10.255.255.0/24, 2, 5]",
            "{'Fn::Cidr': [10.255.255.0/24, '2', '5']}",
            json!(["10.255.255.0/27", "10.255.255.32/27"]),
        ),
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
fn conditions_select_values_and_no_value_removes_them() {
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
        (&[], "Account: no value was given and there is no default"),
        (&[("Account", "1111111111111")], "Account: invalid value \"1111111111111\": it must match [0-9]{12}"),
        (&[account, ("Accounts", "1, x")], "Accounts: invalid value \"x\": only digits."),
        (&[account, ("Hours", "0")], "Hours: invalid value \"0\": it is out of range"),
        (&[account, ("Hours", "soon")], "Hours: invalid value \"soon\": it must be a number"),
        (&[account, ("Name", "abcd")], "Name: invalid value \"abcd\": it has 4 characters"),
        (&[account, ("Kind", "c")], "Kind: invalid value \"c\": it must be one of a, b"),
        (&[account, ("Other", "c")], "Other: unknown parameter"),
    ];
    for (parameters, expected) in errors {
        assert_eq!(error_of(resolved(sections, "x", parameters)), format!("t.yaml: Parameters.{expected}"));
    }
    assert_eq!(resolved(sections, "!Ref Hours", &[account]), Ok(json!("24")));
}

#[test]
fn errors_in_a_template_have_path_and_reason() {
    let of_value = [
        ("!Ref Unknown", "It.Value: no parameter or resource is named Unknown"),
        ("!Ref It", "It.Value: resource It is not created under these parameters"),
        ("!GetAtt Topic.Owner", "It.Value: the attribute Owner of Topic is not simulated"),
        ("[a, !Sub '${Unknown}']", "It.Value.1: no parameter or resource is named Unknown"),
        ("!Sub '${Topic'", "It.Value: unclosed placeholder in ${Topic"),
        ("!If [Nothing, a, b]", "It.Value: no condition is named Nothing"),
        ("!Join [a]", "It.Value: Fn::Join takes a list of 2 elements"),
        ("!Cidr [10.0.0.0/24, 9, 5]", "It.Value: Fn::Cidr: 10.0.0.0/24 has no 9 blocks of 5 bits"),
        ("!Select [2, [a, b]]", "It.Value: Fn::Select: no element 2 in a list of 2"),
        ("!Equals [a, b]", "It.Value: Fn::Equals is only allowed in conditions"),
        ("{'Fn::ImportValue': a}", "It.Value: the function Fn::ImportValue is not simulated"),
        ("!Transform a", "line 7 column 20: the tag !Transform is not simulated"),
        ("!GetAtt Topic", "line 7 column 17: !GetAtt Topic has no attribute"),
        ("{a: 1, a: 2}", "line 7 column 16: duplicate key a"),
        ("[&a x, *a]", "line 7 column 16: CloudFormation does not support aliases"),
    ];
    for (value, expected) in of_value {
        assert_eq!(error_of(resolved("", value, &[])), format!("t.yaml: {expected}"), "{value}");
    }
    let of_section = [
        ("Transform: AWS::Serverless-2016-10-31", "Transform: this section is not simulated"),
        ("AWSTemplateFormatVersion: 2012-10-17", "AWSTemplateFormatVersion: only the version 2010-09-09 is supported"),
        (
            "Parameters: { P: { Type: AWS::EC2::VPC::Id } }",
            "Parameters.P.Type: parameters of the type AWS::EC2::VPC::Id are not simulated",
        ),
        ("Parameters: { P: { Type: String, Pattern: a } }", "Parameters.P.Pattern: unknown key"),
        ("Conditions: { A: !Condition B, B: !Condition A }", "Conditions.A: condition A refers to itself"),
        ("Conditions: { A: !Ref AWS::Region }", "Conditions.A: Ref is not a condition function"),
    ];
    for (section, expected) in of_section {
        assert_eq!(error_of(resolved(section, "x", &[])), format!("t.yaml: {expected}"));
    }
}

fn order(resources: &str) -> Result<Vec<String>, PathError> {
    let text = format!("Conditions: {{ Never: !Equals [a, b] }}\nResources:\n{resources}");
    let template = Template::parse("t.yaml", &text).expect("a template");
    Scope::new(&template, &BTreeMap::new(), [])?.order()
}

#[test]
fn resources_follow_their_dependencies_and_conditions() {
    let resources = "
  A: { Type: T, DependsOn: B }
  B: { Type: T, Properties: { X: [!If [Never, !Ref Not, !GetAtt C.Arn]] } }
  C: { Type: T, Properties: { X: !Sub '${D}${!A}' } }
  D: { Type: T }
  Not: { Type: T, Condition: Never, DependsOn: A }";
    assert_eq!(order(resources).expect("an order"), ["D", "C", "B", "A"]);
    let circle =
        order("\n  A: { Type: T, DependsOn: [B] }\n  B: { Type: T, Properties: { X: !Ref A } }\n  C: { Type: T }");
    let message = circle.expect_err("a circle").in_template("t.yaml").to_string();
    assert_eq!(message, "t.yaml: circular dependency among A, B");
    let unwanted = order("\n  A: { Type: T, Properties: { X: !Ref Not } }\n  Not: { Type: T, Condition: Never }");
    let message = unwanted.expect_err("a resource that is not there").in_template("t.yaml").to_string();
    assert_eq!(message, "t.yaml: A: resource Not is not created under these parameters");
}

#[test]
fn plain_scalars_are_parsed_by_yaml_1_1() {
    let value = "[yes, Off, 'OFF', 12, 0123, 1.5, 2012-10-17, ~, 012345678901, 1e3, -3]";
    let expected = json!([true, false, "OFF", 12, "0123", 1.5, "2012-10-17", null, "012345678901", "1e3", -3]);
    assert_eq!(resolved("", value, &[]), Ok(expected));
}

proptest! {
    #[test]
    fn parsing_any_text_never_panics(text in "(\\PC|\n| ){0,200}") {
        let _ = Template::parse("t.yaml", &text);
    }

    #[test]
    fn values_without_functions_are_unchanged(list in prop::collection::vec("[a-zA-Z ${}!:*-]{0,12}", 0..6)) {
        let value = json!(list);
        prop_assert_eq!(resolved("", &value.to_string(), &[]), Ok(value));
    }

    #[test]
    fn splitting_and_joining_restores_the_text(text in "[a-c,]{0,20}") {
        let value = json!({ "Fn::Join": [",", { "Fn::Split": [",", text] }] });
        prop_assert_eq!(resolved("", &value.to_string(), &[]), Ok(json!(text)));
    }
}
