//! Networks, of which only databases and functions know, and buckets.

use serde_json::json;

use super::super::path_error::PathError;
use super::super::properties::Properties;
use super::super::scope::CreatedResource;
use super::{Deployment, created};
use crate::call::Service;
use crate::rds;

impl Deployment<'_> {
    fn new_id(&mut self, prefix: &str) -> String {
        let uuid = self.state.new_uuid().replace('-', "");
        format!("{prefix}-{}", &uuid[..17])
    }

    /// Rules, addresses and names have no effect: nothing here sends packets.
    pub(super) fn vpc(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        properties.text("CidrBlock")?;
        properties.ignore(&["EnableDnsSupport", "EnableDnsHostnames", "Tags"]);
        let id = self.new_id("vpc");
        rds::add_vpc(self.state, self.account, self.region, &id);
        Ok(created(&id, [("VpcId", &id)]))
    }

    pub(super) fn subnet(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let (vpc, zone) = (properties.text("VpcId")?, properties.text("AvailabilityZone")?);
        properties.text("CidrBlock")?;
        properties.ignore(&["Tags"]);
        let id = self.new_id("subnet");
        rds::add_subnet(self.state, (self.account, self.region), &vpc, (&id, &zone)).map_err(PathError::new)?;
        Ok(created(&id, [("SubnetId", &id)]))
    }

    pub(super) fn security_group(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let vpc = properties.text("VpcId")?;
        properties.text("GroupDescription")?;
        properties.ignore(&["GroupName", "SecurityGroupEgress", "SecurityGroupIngress", "Tags"]);
        let id = self.new_id("sg");
        rds::add_security_group(self.state, (self.account, self.region), &vpc, &id).map_err(PathError::new)?;
        Ok(created(&id, [("GroupId", &id), ("VpcId", &vpc)]))
    }

    pub(super) fn subnet_group(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("DBSubnetGroupName")?;
        let description = properties.text("DBSubnetGroupDescription")?;
        let subnets = properties.texts("SubnetIds")?;
        let input = json!({
            "DBSubnetGroupName": name,
            "DBSubnetGroupDescription": description,
            "SubnetIds": subnets,
        });
        self.answer(Service::Rds, "CreateDBSubnetGroup", input)?;
        Ok(created(&name, []))
    }

    /// Its settings have no effect: the simulation has no versions, no policies and no access from other accounts.
    pub(super) fn bucket(&mut self, properties: &mut Properties) -> Result<CreatedResource, PathError> {
        let name = properties.text("BucketName")?;
        properties.ignore(&[
            "BucketEncryption",
            "OwnershipControls",
            "PublicAccessBlockConfiguration",
            "VersioningConfiguration",
        ]);
        let location = match self.region {
            "us-east-1" => String::new(),
            region => format!(
                "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            ),
        };
        self.answer(Service::S3, "CreateBucket", json!({ "Bucket": name, "Body": location }))?;
        Ok(created(&name, [("Arn", &format!("arn:aws:s3:::{name}"))]))
    }
}
