//! The capacities of the serverless instances in an Aurora cluster: `ServerlessV2ScalingConfiguration`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::rules::{invalid, invalid_combination};
use crate::call::Error;

/// The texts of the request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Capacities {
    min_capacity: Option<String>,
    max_capacity: Option<String>,
    seconds_until_auto_pause: Option<i64>,
}

impl Capacities {
    /// The value of the setting. A text that is not a number stays a text, which [`check`] refuses.
    pub(super) fn value(self) -> Value {
        let number = |text: String| text.parse::<f64>().map_or(json!(text), |number| json!(number));
        let members = [
            ("MinCapacity", self.min_capacity.map(number)),
            ("MaxCapacity", self.max_capacity.map(number)),
            ("SecondsUntilAutoPause", self.seconds_until_auto_pause.map(Value::from)),
        ];
        let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(members.collect::<Map<_, _>>())
    }
}

/// "You can specify ACU values in half-step increments, such as 8, 8.5, 9, and so on. … the smallest value that you can use is 0",
/// "the largest value that you can use is 256"; "the maximum capacity must be higher than 0.5 ACUs" (`ServerlessV2ScalingConfiguration`,
/// and the Aurora guide about the range). "Specify a value between 300 and 86,400 seconds" (`SecondsUntilAutoPause`).
pub(super) fn check(value: &Value) -> Result<(), Error> {
    let capacity = |name: &str| {
        let Some(given) = value.get(name) else {
            return Err(invalid_combination(format!("{name} is required in ServerlessV2ScalingConfiguration.")));
        };
        match given.as_f64().filter(|acu| (0.0..=256.0).contains(acu) && (acu * 2.0).fract() == 0.0) {
            Some(acu) => Ok(acu),
            None => Err(invalid(format!("Invalid {name} {given}: it must be from 0 to 256 in steps of 0.5."))),
        }
    };
    let (least, most) = (capacity("MinCapacity")?, capacity("MaxCapacity")?);
    if most < 1.0 || least > most {
        let message = format!(
            "Invalid serverless capacities {least} to {most}: the maximum must be at least 1, and the minimum."
        );
        return Err(invalid_combination(message));
    }
    match value.get("SecondsUntilAutoPause").and_then(Value::as_i64) {
        Some(seconds) if !(300..=86_400).contains(&seconds) => {
            Err(invalid(format!("Invalid SecondsUntilAutoPause {seconds}: it must be from 300 to 86400.")))
        }
        Some(_) if least > 0.0 => {
            Err(invalid_combination("SecondsUntilAutoPause can only be specified if MinCapacity is 0."))
        }
        _ => Ok(()),
    }
}
