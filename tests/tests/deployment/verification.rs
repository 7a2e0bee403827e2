//! The verifier's stack: created, run, deleted, and created again with the bucket that stayed.
//!
//! The simulation has no subnet group of the stack, so the restores are refused, and the verdict is that nothing is known. The checker is
//! invoked by itself, with a server that is not there: the host of a restored database must not be looked up in the real network.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{DR, Stage, ensure_contains, heading, until};

pub(crate) async fn verify(stage: &Stage, copies: [&String; 2]) -> anyhow::Result<()> {
    heading("The verifier: it looks at all copies, and reports on each that it cannot be restored here.");
    let (commands, aws) = (&stage.commands, &stage.ministack.aws);
    let created = stage.deployed(commands, "create verifier --no-alarms").await?;
    ensure_contains(&created, "checks.json is in draco-verify-")?;
    ensure_contains(&created, "roots.pem is in draco-verify-")?;
    stage.behind.learn_role(aws, DR, "verifier").await?;
    commands.xtask("event verify").await?;
    for copy in copies {
        until(&format!("there is a verdict on {copy}"), async || {
            let copies = stage.behind.snapshots(DR).await?;
            let tags = copies.get(copy).context("the copy is gone")?.tag_list();
            let verdict = tags.iter().find(|tag| tag.key() == Some("Draco_Verified")).and_then(|tag| tag.value());
            Ok(verdict.map(|verdict| ensure_contains(verdict, " not-verified job:")))
        })
        .await??;
    }
    let status = commands.xtask("status").await?;
    ensure_contains(&status, "draco-verifier CREATE_COMPLETE")?;
    ensure_contains(&status, "0 of 2 databases, ")?;
    ensure_contains(&commands.run("doctor").await?.output, "roots.pem has root certificates")?;
    ensure_contains(&stage.deployed(commands, "update verifier").await?, "draco-verifier is up to date")?;

    heading("The checker, with a server that is not there.");
    let answer = invoke_checker(stage).await?;
    let found = answer["part"]["faults"][0]["fault"].as_str();
    ensure!(found == Some("unreachable"), "the checker answered {answer}");

    heading("The verifier is deleted and created again. Its bucket stays.");
    let deleted = commands.xtask("delete verifier --yes").await?;
    ensure_contains(&deleted, "kept: copies, and the bucket with checks and reports")?;
    let again = stage.deployed(commands, "create verifier --no-alarms").await?;
    ensure!(!again.contains("put checks.json"), "the bucket did not keep checks.json");
    commands.xtask("delete verifier --yes").await.map(drop)
}

async fn invoke_checker(stage: &Stage) -> anyhow::Result<Value> {
    let task = json!({
        "server": {
            "product": "postgres",
            "host": "orders.example.com",
            "port": 1,
            "address": "127.0.0.1:1",
            "user": "draco",
            "password": "none",
            "roots": include_str!("../../../crates/deploy/tests/aftercare/roots.pem"),
        },
        "taken": "2026-11-21T03:05:00Z",
    });
    let answer = stage.folder.join("answer.json");
    let (payload, to) = (task.to_string(), answer.display().to_string());
    let call = ["lambda", "invoke", "--function-name", "draco-checker", "--payload", &payload, &to];
    stage.ministack.aws.run(DR, &call).await?;
    Ok(serde_json::from_slice(&std::fs::read(answer)?)?)
}
