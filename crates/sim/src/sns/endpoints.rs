//! The endpoints of subscriptions: what each protocol accepts, and which subscriptions need a confirmation.

use super::invalid;
use crate::arn::Arn;
use crate::call::Error;

/// Checks the endpoint of a protocol. Returns whether the subscription needs a confirmation.
///
/// "If the endpoint type is HTTP/S or email, or if the endpoint and the topic are not in the same Amazon Web Services account,
/// the endpoint owner must run the ConfirmSubscription action to confirm the subscription." (API reference, Subscribe) Of
/// queues, the guide says: "When the queue owner creates a subscription, the subscription doesn't require confirmation."
pub(super) fn needs_confirmation(protocol: &str, endpoint: &str, caller: &str) -> Result<bool, Error> {
    match protocol {
        "lambda" | "sqs" => {
            let arn = Arn::of(protocol, endpoint).filter(|arn| is_named(protocol, arn.resource));
            let shown = if protocol == "sqs" { "SQS" } else { "Lambda" };
            let arn = arn.ok_or_else(|| invalid(format!("{shown} endpoint ARN")))?;
            if protocol == "sqs" && arn.resource.ends_with(".fifo") {
                let reason = "FIFO SQS Queues can not be subscribed to standard SNS topics";
                return Err(invalid(format!("Invalid parameter: Endpoint Reason: {reason}")));
            }
            Ok(arn.account != caller)
        }
        // "The (public) endpoint is a URL beginning with http://."
        "http" | "https" => match endpoint.strip_prefix(&format!("{protocol}://")) {
            Some(host) if !host.is_empty() => Ok(true),
            _ => Err(invalid("Endpoint must match the specified protocol")),
        },
        "email" | "email-json" => match endpoint.split_once('@') {
            Some((name, host)) if !name.is_empty() && host.contains('.') && !host.contains(['@', ' ']) => Ok(true),
            _ => Err(invalid("Email address")),
        },
        "sms" => check_phone_number(endpoint).map(|()| false),
        "application" | "firehose" => Err(Error::not_simulated(format!("subscriptions with the protocol {protocol}"))),
        // LocalStack's test_subscribe_with_invalid_protocol recorded this.
        other => Err(invalid(format!("Amazon SNS does not support this protocol string: {other}"))),
    }
}

/// Whether the last part of an ARN can be a queue or a function.
fn is_named(protocol: &str, resource: &str) -> bool {
    let name = if protocol == "lambda" { resource.strip_prefix("function:").unwrap_or_default() } else { resource };
    !name.is_empty()
}

/// LocalStack's test_subscribe_bad_sms and test_subscribe_invalid_sms recorded which numbers are refused. AWS accepts some
/// separators between digits.
fn check_phone_number(number: &str) -> Result<(), Error> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    let is_digit = |c: char| c.is_ascii_digit();
    let separators = ['-', '.', '/'];
    let parts: Vec<&str> = digits.split(separators).collect();
    if digits.is_empty() || !parts.iter().all(|part| !part.is_empty() && part.chars().all(is_digit)) {
        return Err(Error::new("InvalidParameter", format!("Invalid SMS endpoint: {number}")));
    }
    if parts.len() > 1 {
        return Err(Error::not_simulated("phone numbers with separators".to_owned()));
    }
    Ok(())
}
