//! Databases by name, and their tags.

use cloud::Effect;
use protocol::DatabaseArn;

use super::*;

fn named(kind: Kind, id: &str) -> DatabaseArn {
    DatabaseArn::new(kind, place(PROD), id).expect("a name")
}

#[tokio::test(start_paused = true)]
async fn those_that_exist_are_described_together() {
    for kind in Kind::ALL {
        let world = world();
        let cloud = cloud(&world, PROD);
        let names = ["one", "two", "three"].map(|id| named(kind, id));
        assert_eq!(cloud.observe_these(kind, &names).await, Ok(Vec::new()));
        for id in ["one", "three", "other"] {
            database(&world, kind, id, true).await;
        }
        let found = cloud.observe_these(kind, &names).await.expect("databases");
        let mut ids: Vec<&str> = found.iter().map(|found| found.arn.id()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["one", "three"]);
        for one in &found {
            assert_eq!(Some(one), cloud.observe(&one.arn).await.expect("a database").as_ref());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tags_are_set_and_removed_in_one_call() {
    for kind in Kind::ALL {
        let world = world();
        let cloud = cloud(&world, PROD);
        database(&world, kind, "orders", true).await;
        let (orders, gone) = (named(kind, "orders"), named(kind, "gone"));
        let before = cloud.observe(&orders).await.expect("a database").expect("it").tags;
        let more: Tags = [("a", "1"), ("b", "2")].into_iter().collect();
        assert_eq!(cloud.tag_database_with(&orders, &more).await, Ok(Effect::Applied));
        let tagged = cloud.observe(&orders).await.expect("a database").expect("it").tags;
        assert_eq!(tagged, before.clone().with(more.iter()));
        for _ in 0..2 {
            assert_eq!(cloud.untag_database(&orders, &["a", "b", "c"]).await, Ok(Effect::Applied));
            assert_eq!(cloud.observe(&orders).await.expect("a database").expect("it").tags, before);
        }
        assert_eq!(cloud.tag_database_with(&gone, &more).await, Ok(Effect::NotFound));
        assert_eq!(cloud.untag_database(&gone, &["a"]).await, Ok(Effect::NotFound));
    }
}
