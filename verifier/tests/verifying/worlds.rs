//! The open questions about AWS: under every answer, a good copy is verified, a bad one is found, and no database is left.

use sim::questions::Answers;

use super::*;

/// A copy of each kind, of which one is good and one is not.
async fn run_world(answers: Answers, good_kind: Kind) {
    let checker = script(|task| {
        let is_bad = task.server.host.starts_with("draco-verify-bad-");
        done(if is_bad { Part { faults: [damage()].into(), ..good() } } else { good() })
    });
    let fixture = Fixture::with(Settings { answers, ..settings() }, &[], checker).await;
    let bad_kind = match good_kind {
        Kind::Instance => Kind::Cluster,
        Kind::Cluster => Kind::Instance,
    };
    let (good, bad) = (fixture.copy(good_kind, "good").await, fixture.copy(bad_kind, "bad").await);
    fixture.hours(6).await;
    assert_eq!(fixture.verdict(&good).await.as_deref(), Some("verified available read"), "{answers}");
    let verdict = fixture.verdict(&bad).await.unwrap_or_default();
    assert!(verdict.starts_with("failed"), "{answers}: {verdict:?}");
    assert_eq!(fixture.databases().await, BTreeSet::new(), "{answers}");
    assert_eq!(fixture.messages().await.len(), 2, "{answers}");
}

// Invariant 22.
// Invariant 27.
#[tokio::test(start_paused = true)]
async fn every_answer_has_the_same_verdicts() {
    for (nth, answers) in Answers::worlds().into_iter().enumerate() {
        run_world(answers, if nth % 2 == 0 { Kind::Instance } else { Kind::Cluster }).await;
    }
}
