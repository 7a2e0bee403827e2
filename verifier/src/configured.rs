//! What the user has configured, besides the settings of the stack: objects in its bucket, which have no limit of size. `cargo xtask create` and
//! `update verifier` put them there.
//!
//! ```text
//! checks.json        the checks of each database
//! thresholds.json    how large a change of the data has to be
//! roots.pem          the root certificates of RDS
//! ```

use std::collections::BTreeMap;

use checks::{Check, Thresholds};
use protocol::DatabaseArn;
use serde::Deserialize as _;
use serde_json::Value;

use crate::Verifier;
use crate::record::Asked;

const CHECKS: &str = "checks.json";
const THRESHOLDS: &str = "thresholds.json";
const ROOTS: &str = "roots.pem";
/// Why nothing is restored.
pub(crate) const NO_ROOTS: &str = "the bucket has no roots.pem with the root certificates of RDS; see doc/verifying.md";

impl Verifier {
    /// The user's checks of a database: those of `ACCOUNT/IDENTIFIER`, or of its identifier. An entry that cannot be read does not concern
    /// other databases.
    pub(crate) async fn checks_of(&self, database: &DatabaseArn) -> anyhow::Result<Asked> {
        let Some(object) = self.cloud.read_object(&self.settings.bucket, CHECKS).await? else {
            return Ok(Asked::default());
        };
        let names = [format!("{}/{}", database.place.account, database.id()), database.id().to_owned()];
        let invalid = |why: String| Asked { checks: Vec::new(), asked: 1, invalid: Some(why) };
        let all = match serde_json::from_slice::<BTreeMap<String, Value>>(&object.content) {
            Ok(all) => all,
            Err(error) => return Ok(invalid(format!("{CHECKS}: {error}"))),
        };
        let Some((name, entry)) = names.iter().find_map(|name| all.get_key_value(name)) else {
            return Ok(Asked::default());
        };
        Ok(match Vec::<Check>::deserialize(entry) {
            Ok(checks) => Asked { asked: checks.len(), checks, invalid: None },
            Err(error) => Asked {
                asked: entry.as_array().map_or(1, Vec::len).max(1),
                ..invalid(format!("{CHECKS}: {name}: {error}"))
            },
        })
    }

    /// The root certificates of RDS. `None` if there are none.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn roots(&self) -> anyhow::Result<Option<String>> {
        let found = self.cloud.read_object(&self.settings.bucket, ROOTS).await?;
        let text = found.and_then(|found| String::from_utf8(found.content).ok());
        Ok(text.filter(|text| text.contains("-----BEGIN CERTIFICATE-----")))
    }

    /// How large a change of the data has to be. If that cannot be read, the usual thresholds hold, and the reason is returned.
    pub(crate) async fn thresholds(&self) -> anyhow::Result<(Thresholds, Option<String>)> {
        let Some(object) = self.cloud.read_object(&self.settings.bucket, THRESHOLDS).await? else {
            return Ok((Thresholds::default(), None));
        };
        let read = serde_json::from_slice::<Thresholds>(&object.content).map_err(|error| error.to_string());
        let valid = read.and_then(|read| read.validate().map(|()| read));
        Ok(match valid {
            Ok(thresholds) => (thresholds, None),
            Err(why) => (Thresholds::default(), Some(format!("{THRESHOLDS}: {why}"))),
        })
    }
}
