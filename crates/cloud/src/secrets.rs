//! Secrets of Secrets Manager. A secret is read once, handed to the caller, and neither logged nor stored (invariant 26).

use std::fmt;

use serde_json::Value;

use crate::error::Failure;

/// The user and password of a database.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name of the user.
    pub user: String,
    password: String,
}

impl Credentials {
    /// The password. Do not log it.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

/// Without the password (invariant 26).
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

pub(crate) async fn read(client: &aws_sdk_secretsmanager::Client, secret: &str) -> Result<Credentials, Failure> {
    let found = client.get_secret_value().secret_id(secret).send().await?;
    // The value is never part of an error: the text may be a password.
    let invalid = || Failure::invalid_response("the secret is no JSON object with the members username and password");
    let value: Value = serde_json::from_str(found.secret_string().ok_or_else(invalid)?).map_err(|_| invalid())?;
    let member = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(invalid);
    Ok(Credentials { user: member("username")?, password: member("password")? })
}
