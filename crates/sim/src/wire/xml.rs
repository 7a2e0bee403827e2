//! XML responses of the query protocol.

use std::fmt::{Display, Write};

use serde_json::Value;

use crate::call::{Error, Output};

/// The element names of lists. Elements of other lists are named `member`.
const ELEMENTS: &[(&str, &str)] = &[
    ("AccountQuotas", "AccountQuota"),
    ("Attributes", "entry"),
    ("AttributeValues", "AttributeValue"),
    ("AvailabilityZones", "AvailabilityZone"),
    ("DBClusterOptionGroupMemberships", "DBClusterOptionGroup"),
    ("DBClusterAutomatedBackups", "DBClusterAutomatedBackup"),
    ("DBClusterMembers", "DBClusterMember"),
    ("DBClusterParameterGroups", "DBClusterParameterGroup"),
    ("DBClusterSnapshotAttributes", "DBClusterSnapshotAttribute"),
    ("DBClusterSnapshots", "DBClusterSnapshot"),
    ("DBClusters", "DBCluster"),
    ("DBEngineVersions", "DBEngineVersion"),
    ("DBInstanceAutomatedBackups", "DBInstanceAutomatedBackup"),
    ("DBInstances", "DBInstance"),
    ("DBParameterGroups", "DBParameterGroup"),
    ("DBSnapshotAttributes", "DBSnapshotAttribute"),
    ("DBSnapshots", "DBSnapshot"),
    ("DBSubnetGroups", "DBSubnetGroup"),
    ("EventCategories", "EventCategory"),
    ("EventCategoriesList", "EventCategory"),
    ("EventCategoriesMapList", "EventCategoriesMap"),
    ("EventSubscriptionsList", "EventSubscription"),
    ("Events", "Event"),
    ("OptionGroupMemberships", "OptionGroupMembership"),
    ("OptionGroupsList", "OptionGroup"),
    ("OptionSettings", "OptionSetting"),
    ("Options", "Option"),
    ("OrderableDBInstanceOptions", "OrderableDBInstanceOption"),
    ("Parameters", "Parameter"),
    ("SourceIdsList", "SourceId"),
    ("Subnets", "Subnet"),
    ("TagList", "Tag"),
    ("VpcSecurityGroups", "VpcSecurityGroupMembership"),
];

/// Members of a response, written one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        tag(&mut self.0, "<", name);
        escape(&mut self.0, text);
        tag(&mut self.0, "</", name);
    }

    /// Absent if there is no text.
    pub(crate) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A number or a truth value, which needs no escaping.
    pub(crate) fn scalar(&mut self, name: &str, value: impl Display) {
        tag(&mut self.0, "<", name);
        let _ = write!(self.0, "{value}");
        tag(&mut self.0, "</", name);
    }

    /// A member with members of its own, or a list with its elements.
    pub(crate) fn nested(&mut self, name: &str, members: impl FnOnce(&mut Self)) {
        tag(&mut self.0, "<", name);
        members(self);
        tag(&mut self.0, "</", name);
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn output(operation: &str, namespace: &str, output: &Output, request_id: &str) -> String {
    let mut xml = format!(r#"<{operation}Response xmlns="{namespace}">"#);
    let result = format!("{operation}Result");
    // An operation without output has no result element. If there is one, it must be the first element.
    match output {
        Output::Members(members) => element(&mut xml, &result, members),
        Output::Xml(members) => {
            tag(&mut xml, "<", &result);
            xml.push_str(members.as_str());
            tag(&mut xml, "</", &result);
        }
        // It is a response already.
        Output::Rest(_) | Output::Running(_) => {}
    }
    let _ =
        write!(xml, "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>");
    xml
}

pub(super) fn error(namespace: &str, error: &Error, request_id: &str) -> String {
    let fault = if error.status < 500 { "Sender" } else { "Receiver" };
    let mut xml = format!(
        r#"<ErrorResponse xmlns="{namespace}"><Error><Type>{fault}</Type><Code>{}</Code><Message>"#,
        error.code
    );
    escape(&mut xml, &error.message);
    let _ = write!(xml, "</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>");
    xml
}

/// An error of S3, which has its own form.
pub(super) fn rest_error(error: &Error, request_id: &str) -> String {
    // The API reference, "Error responses", has this code for what others call an internal failure.
    let code = if error.code == "InternalFailure" { "InternalError" } else { error.code };
    let mut xml = format!(r#"<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>"#);
    escape(&mut xml, &error.message);
    let _ = write!(xml, "</Message><RequestId>{request_id}</RequestId></Error>");
    xml
}

/// Writes a member. Null values are left out.
fn element(xml: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    tag(xml, "<", name);
    match value {
        Value::Null => {}
        Value::String(text) => escape(xml, text),
        Value::Bool(_) | Value::Number(_) => {
            let _ = write!(xml, "{value}");
        }
        Value::Array(items) => {
            let of = ELEMENTS.iter().find(|(list, _)| *list == name).map_or("member", |(_, of)| of);
            items.iter().for_each(|item| element(xml, of, item));
        }
        Value::Object(members) => members.iter().for_each(|(name, value)| element(xml, name, value)),
    }
    tag(xml, "</", name);
}

fn tag(xml: &mut String, begin: &str, name: &str) {
    [begin, name, ">"].iter().for_each(|part| xml.push_str(part));
}

fn escape(xml: &mut String, text: &str) {
    if text.bytes().all(|byte| byte.is_ascii_graphic() && !b"&<>".contains(&byte)) {
        return xml.push_str(text);
    }
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#xD;"),
            '\t' | '\n' => xml.push(c),
            // XML cannot represent other control characters.
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => xml.push(char::REPLACEMENT_CHARACTER),
            c => xml.push(c),
        }
    }
}
