//! XML responses of the query protocol.

use std::fmt::Write;

use serde_json::Value;

use crate::call::Error;

/// The element names of lists. Elements of other lists are named `member`.
const ELEMENTS: [(&str, &str); 16] = [
    ("AccountQuotas", "AccountQuota"),
    ("Attributes", "entry"),
    ("AttributeValues", "AttributeValue"),
    ("AvailabilityZones", "AvailabilityZone"),
    ("DBClusterSnapshotAttributes", "DBClusterSnapshotAttribute"),
    ("DBClusterSnapshots", "DBClusterSnapshot"),
    ("DBClusters", "DBCluster"),
    ("DBInstances", "DBInstance"),
    ("DBSnapshotAttributes", "DBSnapshotAttribute"),
    ("DBSnapshots", "DBSnapshot"),
    ("EventCategories", "EventCategory"),
    ("EventCategoriesList", "EventCategory"),
    ("EventSubscriptionsList", "EventSubscription"),
    ("Events", "Event"),
    ("SourceIdsList", "SourceId"),
    ("TagList", "Tag"),
];

pub(super) fn output(operation: &str, namespace: &str, output: &Value, request_id: &str) -> String {
    let mut xml = format!(r#"<{operation}Response xmlns="{namespace}">"#);
    // An operation without output has no result element. If there is one, it must be the first element.
    if !output.is_null() {
        element(&mut xml, &format!("{operation}Result"), output);
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
