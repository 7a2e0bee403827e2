//! Roles and keys.

use serde_json::{Value, json};

use super::super::path_error::PathError;
use super::super::properties::Properties;
use super::super::scope::CreatedResource;
use super::{Deployment, created};
use crate::call::Service;
use crate::iam;

/// "The total aggregate policy size of all inline policies … 10,240 characters" for a role, and "IAM does not count white
/// space" (IAM user guide, *IAM and STS quotas*).
const LONGEST_POLICIES: usize = 10_240;

impl Deployment<'_> {
    pub(super) fn role(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("RoleName")?;
        let trust = properties.json("AssumeRolePolicyDocument")?.to_string();
        let policies = properties.nested_list("Policies", |policy| {
            policy.text("PolicyName")?;
            Ok(policy.json("PolicyDocument")?.to_string())
        })?;
        properties.ignore(&["Description", "MaxSessionDuration"]);
        let length: usize = policies.iter().map(String::len).sum();
        if length > LONGEST_POLICIES {
            let message = format!("{length} characters exceed IAM's limit of {LONGEST_POLICIES}");
            return Err(PathError::new(message).within("Policies"));
        }
        if iam::has_role(self.state, self.account, &name) {
            return Err(PathError::new(format!("role {name} already exists")).within("RoleName"));
        }
        iam::add_role(self.state, self.account, &name, &policies, Some(&trust)).map_err(PathError::new)?;
        let arn = format!("arn:aws:iam::{}:role/{name}", self.account);
        Ok(created(&name, [("Arn", &arn)]))
    }

    /// The name of a role that exists and that this service may assume on behalf of a resource.
    pub(super) fn assumable_role(&mut self, role_arn: &str, service: &str, for_arn: &str) -> Result<String, PathError> {
        let name = role_arn.strip_prefix(&format!("arn:aws:iam::{}:role/", self.account)).unwrap_or_default();
        if !iam::has_role(self.state, self.account, name) {
            return Err(PathError::new(format!("role {role_arn} does not exist")));
        }
        if !iam::can_be_assumed(self.state, role_arn, service, for_arn) {
            return Err(PathError::new(format!("role {name} cannot be assumed by {service} for {for_arn}")));
        }
        Ok(name.to_owned())
    }

    pub(super) fn key(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let tags = properties
            .nested_list("Tags", |tag| Ok(json!({ "TagKey": tag.text("Key")?, "TagValue": tag.text("Value")? })))?;
        let input = json!({
            "Description": properties.optional_text("Description")?.unwrap_or_default(),
            "Policy": properties.json("KeyPolicy")?.to_string(),
            "Tags": tags,
        });
        let rotates = properties.optional::<bool>("EnableKeyRotation")?.unwrap_or_default();
        // This property applies to the deletion of the stack.
        properties.ignore(&["PendingWindowInDays"]);
        let id = self.call_for_text(Service::Kms, "CreateKey", input, "/KeyMetadata/KeyId")?;
        if rotates {
            self.call(Service::Kms, "EnableKeyRotation", json!({ "KeyId": id }))?;
        }
        Ok(created(&id, [("Arn", &self.arn("kms", &format!("key/{id}"))), ("KeyId", &id)]))
    }

    pub(super) fn alias(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("AliasName")?;
        let input: Value = json!({ "AliasName": name, "TargetKeyId": properties.text("TargetKeyId")? });
        self.call(Service::Kms, "CreateAlias", input)?;
        Ok(created(&name, []))
    }
}
