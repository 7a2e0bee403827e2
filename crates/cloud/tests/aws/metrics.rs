//! The metrics in the templates are those that the functions publish.

use std::collections::BTreeSet;

use cloud::log::METRICS;

/// `[["Draco", "Copied", …], [".", "Ignored", …]]` in a dashboard, and `MetricName: Copied` after `Namespace: Draco` in an alarm.
fn metrics_of(template: &str) -> BTreeSet<&str> {
    let lines: Vec<&str> = template.lines().map(str::trim).collect();
    let dashboards = lines.iter().filter(|line| line.contains(r#"[["Draco", "#)).flat_map(|line| line.split('['));
    let metrics = dashboards.filter(|list| list.starts_with(r#""Draco""#) || list.starts_with(r#"".""#));
    let shown = metrics.filter_map(|metric| metric.split('"').nth(3));
    let alarms = lines.windows(2).filter(|two| two[0] == "Namespace: Draco");
    shown.chain(alarms.filter_map(|two| two[1].strip_prefix("MetricName: "))).collect()
}

#[test]
fn alarms_and_dashboards_use_metrics_that_exist() {
    let published: BTreeSet<&str> = METRICS.iter().map(|(_, name, _)| *name).collect();
    let producer = metrics_of(include_str!("../../../../cfn/producer.yaml"));
    let consumer = metrics_of(include_str!("../../../../cfn/consumer.yaml"));
    let source = metrics_of(include_str!("../../../../cfn/source.yaml"));
    assert_eq!(
        producer,
        BTreeSet::from(["BackupsDelayed", "Copied", "Failed", "Ignored", "Rejected", "SweepFailures", "Swept"])
    );
    assert_eq!(
        consumer,
        BTreeSet::from([
            "Bugs",
            "CopyDelaySeconds",
            "Deleted",
            "Failed",
            "Held",
            "QueueAgeSeconds",
            "Queued",
            "SweepFailures",
            "Swept",
            "WouldDelete"
        ])
    );
    assert_eq!(
        source,
        BTreeSet::from(["Copied", "Failed", "LifecycleReduced", "Rejected", "Silent", "SourceUnreachable"])
    );
    assert!([producer, consumer, source].iter().all(|used| used.is_subset(&published)), "{published:?}");
}
