//! The functions as the program that Lambda runs: one for all, so that they are built, uploaded and compared once.
//!
//! Lambda's handler name, which each template sets, chooses the function.

mod checker;

use std::process::ExitCode;

use cloud::lambda::{Entry, run};
use consumer::Consumer;
use keeper::Keeper;
use producer::Producer;
use verifier::Verifier;

use checker::Checker;

/// The functions, by the `Handler` of their templates.
const FUNCTIONS: [Entry; 5] = [
    Entry { handler: "producer", build: |cloud, environment| Ok(Box::new(Producer::new(cloud, environment)?)) },
    Entry { handler: "consumer", build: |cloud, environment| Ok(Box::new(Consumer::new(cloud, environment)?)) },
    Entry { handler: "keeper", build: |cloud, environment| Ok(Box::new(Keeper::new(cloud, environment)?)) },
    Entry { handler: "verifier", build: |cloud, environment| Ok(Box::new(Verifier::new(cloud, environment)?)) },
    Entry { handler: "checker", build: |cloud, _| Ok(Box::new(Checker::new(cloud))) },
];

fn main() -> ExitCode {
    run(&FUNCTIONS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::FUNCTIONS;

    #[test]
    fn the_templates_choose_these_functions() {
        let templates = [
            include_str!("../../cfn/producer.yaml"),
            include_str!("../../cfn/consumer.yaml"),
            include_str!("../../cfn/verifier.yaml"),
        ];
        let handlers = templates.iter().flat_map(|template| template.lines());
        let handlers: BTreeSet<&str> = handlers.filter_map(|line| line.strip_prefix("      Handler: ")).collect();
        assert_eq!(handlers, FUNCTIONS.iter().map(|entry| entry.handler).collect());
    }
}
