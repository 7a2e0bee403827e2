//! Requests that AWS's texts refuse without naming the error.

use aws_sdk_sns::types::MessageAttributeValue;
use sim::questions::UnnamedErrors;

use super::support::*;
use crate::support::{sns, topic};

#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_name_has_the_code_of_moto_or_a_common_one() {
    for answer in UnnamedErrors::ALL {
        let world = world_where(|answers| answers.unnamed_errors = *answer);
        let (of_rds, of_sns) = match answer {
            UnnamedErrors::AsMoto => ("InvalidParameterCombination", "ParameterValueInvalid"),
            UnnamedErrors::Common => ("InvalidParameterValue", "InvalidParameter"),
        };
        for kind in BOTH {
            let rds = Rds::new(&world, PROD, REGION, kind);
            rds.snapshot(&world, "s").await;
            let both = rds.share("s", &[DR, "333333333333"], &[DR]).await;
            assert_eq!(both, Err(of_rds.to_owned()));
            assert_eq!(rds.shared_with("s").await, Ok(vec![]));
            let empty = aws_sdk_rds::types::Filter::builder().name("engine").set_values(Some(vec![])).build();
            let refused = match kind {
                Kind::Instance => code(rds.client.describe_db_snapshots().filters(empty).send().await).map(drop),
                Kind::Cluster => code(rds.client.describe_db_cluster_snapshots().filters(empty).send().await).map(drop),
            };
            assert_eq!(refused, Err(of_rds.to_owned()));
        }
        let sns = sns(&world, PROD);
        let topic = topic(&sns, "t").await;
        let value = MessageAttributeValue::builder().data_type("Number").string_value("Hello").build();
        let call = sns.publish().topic_arn(topic).message("x").message_attributes("n", value.expect("a value"));
        assert_eq!(code(call.send().await).map(drop), Err(of_sns.to_owned()));
    }
}
