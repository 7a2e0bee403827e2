//! Stacks: the resources of a template, and the roles under which they run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use sim::World;
use sim::journal::{DeliveryOutcome, Event};
use sim::stack::{Bucket, Error, Stack, Template};

use crate::support::{PROD, REGION, bodies, code, sns, sqs, world};

/// A function that is invoked by a topic, a state machine and a schedule, and a dead-letter queue for its failures.
const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Name: { Type: String, Default: look, AllowedPattern: "[a-z]+" }
  Hours: { Type: Number, Default: 1 }
Conditions:
  Sweeps: !Not [!Equals [!Ref Hours, 0]]
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: !Ref Name
      Code: { S3Bucket: code, S3Key: !Sub "${Name}.zip" }
      Role: !GetAtt Role.Arn
      Timeout: 30
      Environment: { Variables: { TOPIC: !Ref Topic, KEY: !GetAtt Key.Arn, HOURS: !Ref Hours } }
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Sub "${Name}-${AWS::Region}"
      AssumeRolePolicyDocument:
        Statement: { Effect: Allow, Principal: { Service: [lambda.amazonaws.com, states.amazonaws.com, scheduler.amazonaws.com] }, Action: sts:AssumeRole }
      Policies:
        - PolicyName: all
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - { Sid: Log, Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt Log.Arn }
              - { Sid: DeadLetters, Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt DeadLetters.Arn }
              - { Sid: Ask, Effect: Allow, Action: lambda:InvokeFunction, Resource: !Sub "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${Name}" }
  Log: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Sub "/aws/lambda/${Name}", RetentionInDays: 7 } }
  InvokeConfig:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: { FunctionName: !Ref Function, Qualifier: $LATEST, DestinationConfig: { OnFailure: { Destination: !GetAtt DeadLetters.Arn } } }
  DeadLetters: { Type: AWS::SQS::Queue, Properties: { QueueName: dead-letters, MessageRetentionPeriod: 1209600 } }
  Topic: { Type: AWS::SNS::Topic, Properties: { TopicName: events } }
  TopicSubscription:
    Type: AWS::SNS::Subscription
    Properties: { TopicArn: !Ref Topic, Protocol: lambda, Endpoint: !GetAtt Function.Arn }
  InvokePermission:
    Type: AWS::Lambda::Permission
    Properties: { FunctionName: !Ref Function, Action: lambda:InvokeFunction, Principal: sns.amazonaws.com, SourceArn: !Ref Topic }
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: ask
      RoleArn: !GetAtt Role.Arn
      DefinitionS3Location: { Bucket: code, Key: ask.json }
      DefinitionSubstitutions: { It: !GetAtt Function.Arn }
  Sweep:
    Type: AWS::Scheduler::Schedule
    Condition: Sweeps
    Properties:
      Name: sweep
      ScheduleExpression: !Sub "rate(${Hours} hours)"
      FlexibleTimeWindow: { Mode: "OFF" }
      Target: { Arn: !GetAtt Function.Arn, RoleArn: !GetAtt Role.Arn, Input: '{"sweep": 1}' }
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy: { Statement: { Effect: Allow, Principal: { AWS: !Ref AWS::AccountId }, Action: "kms:*", Resource: "*" } }
  Alias: { Type: AWS::KMS::Alias, Properties: { AliasName: alias/it, TargetKeyId: !Ref Key } }
Outputs:
  Function: { Value: !GetAtt Function.Arn }
  DeadLetters: { Value: !Ref DeadLetters }
  Topic: { Value: !Ref Topic }
  Machine: { Value: !Ref Machine }
  Key: { Value: !GetAtt Key.Arn }
"#;

const ASK: &str = r#"{ "StartAt": "Ask", "States": { "Ask": { "Type": "Task", "Resource": "${It}", "End": true } } }"#;

fn bucket() -> Bucket {
    let look = |invocation: sim::lambda::Invocation| async move {
        let is_bad = invocation.payload["bad"] == json!(true);
        if is_bad { Err("bad".to_owned()) } else { Ok(json!({ "hours": invocation.environment["HOURS"] })) }
    };
    Bucket::new("code").code("look.zip", look).text("ask.json", ASK)
}

fn create(world: &World, text: &str, parameters: &[(&str, &str)]) -> Result<BTreeMap<String, String>, Error> {
    let template = Template::parse("t.yaml", text)?;
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let stack = Stack { name: "s", template: &template, parameters: &parameters, bucket: &bucket() };
    world.create_stack(PROD, REGION, &stack)
}

/// The template with one text replaced.
fn template_with(from: &str, to: &str) -> String {
    assert!(TEMPLATE.contains(from), "{from}");
    TEMPLATE.replace(from, to)
}

/// The number of invocations of the function.
fn invocations(world: &World) -> usize {
    world.journal(|journal| journal.entries().iter().filter(|it| matches!(it.event, Event::Invocation { .. })).count())
}

async fn minutes(world: &World, minutes: u64) {
    world.sleep(Duration::from_secs(60 * minutes)).await;
}

#[tokio::test(start_paused = true)]
async fn all_resources_of_a_template_are_created_and_work() {
    let world = world();
    let outputs = create(&world, TEMPLATE, &[("Hours", "2")]).expect("a stack");
    // The schedule fires at once, and then every two hours.
    minutes(&world, 1).await;
    assert_eq!(invocations(&world), 1);
    minutes(&world, 2 * 60).await;
    assert_eq!(invocations(&world), 2);
    sns(&world, PROD).publish().topic_arn(&outputs["Topic"]).message("hello").send().await.expect("published");
    let sfn = aws_sdk_sfn::Client::new(&world.sdk_config(PROD, REGION));
    let execution = sfn.start_execution().state_machine_arn(&outputs["Machine"]).send().await.expect("an execution");
    minutes(&world, 1).await;
    assert_eq!(invocations(&world), 4);
    let described =
        sfn.describe_execution().execution_arn(execution.execution_arn()).send().await.expect("an execution");
    assert_eq!(described.output(), Some(r#"{"hours":"2"}"#));
    world.invoke_function(&outputs["Function"], json!({ "bad": true }));
    minutes(&world, 10).await;
    let dead_letters = bodies(&sqs(&world, PROD), &outputs["DeadLetters"]).await;
    assert_eq!(dead_letters.len(), 1);
    let kms = aws_sdk_kms::Client::new(&world.sdk_config(PROD, REGION));
    let key = kms.describe_key().key_id("alias/it").send().await.expect("a key").key_metadata.expect("its metadata");
    assert_eq!(key.arn(), Some(outputs["Key"].as_str()));
    // The template's role allowed all of it, and has no unused permissions.
    assert_eq!(world.unused_permissions(PROD, "look-eu-west-1"), Ok(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn actions_that_the_roles_do_not_allow_fail() {
    let restricted = template_with("Action: lambda:InvokeFunction, Resource", "Action: lambda:GetFunction, Resource");
    let restricted = restricted.replace("Action: sqs:SendMessage", "Action: sqs:ReceiveMessage");
    let restricted = restricted.replace("logs:PutLogEvents]", "logs:GetLogEvents]");
    let world = world();
    let outputs = create(&world, &restricted, &[]).expect("a stack");
    world.invoke_function(&outputs["Function"], json!({ "bad": true }));
    minutes(&world, 10).await;
    assert_eq!(bodies(&sqs(&world, PROD), &outputs["DeadLetters"]).await, [""; 0]);
    let (mut schedules, mut dead_letters, mut logs) = (0, 0, Vec::new());
    world.journal(|journal| {
        for entry in journal.entries() {
            match &entry.event {
                Event::Delivery { outcome: DeliveryOutcome::Failed, topic, .. } if topic.contains(":scheduler:") => {
                    schedules += 1
                }
                Event::DeadLetter { outcome: DeliveryOutcome::Failed, .. } => dead_letters += 1,
                Event::LogDenied { reason, .. } => logs.push(reason.clone()),
                _ => {}
            }
        }
    });
    assert_eq!((schedules, dead_letters, logs.len()), (1, 1, 3));
    assert!(logs[0].contains("not authorized to perform: logs:PutLogEvents on resource: arn:aws:logs:eu-west-1"));
    let sfn = aws_sdk_sfn::Client::new(&world.sdk_config(PROD, REGION));
    let execution = sfn.start_execution().state_machine_arn(&outputs["Machine"]).send().await.expect("an execution");
    minutes(&world, 1).await;
    let described =
        sfn.describe_execution().execution_arn(execution.execution_arn()).send().await.expect("an execution");
    assert_eq!(described.status().as_str(), "FAILED");
}

#[tokio::test(start_paused = true)]
async fn only_services_with_permission_invoke_the_function() {
    let world = world();
    let outputs =
        create(&world, &template_with("SourceArn: !Ref Topic }", "SourceArn: !Sub \"${Topic}x\" }"), &[("Hours", "0")]);
    let outputs = outputs.expect("a stack");
    sns(&world, PROD).publish().topic_arn(&outputs["Topic"]).message("hello").send().await.expect("published");
    minutes(&world, 1).await;
    assert_eq!(invocations(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn template_errors_have_the_path_and_the_reason() {
    let long = "x".repeat(4096);
    let table = [
        (template_with("Timeout: 30", "Timeout: soon"), "Function.Timeout: invalid value \"soon\""),
        (template_with("Timeout: 30", "Layers: []"), "Function.Layers: this property is not simulated"),
        (
            template_with("S3Key: !Sub \"${Name}.zip\"", "S3Key: other.zip"),
            "Function.Code: no code with this bucket and key",
        ),
        (
            template_with("[lambda.amazonaws.com, ", "["),
            "Function.Role: role look-eu-west-1 cannot be assumed by lambda.amazonaws.com for arn:aws:lambda:eu-west-1:111111111111:function:look",
        ),
        (
            template_with(
                "Action: sts:AssumeRole }",
                "Action: sts:AssumeRole, Condition: { StringEquals: { aws:SourceAccount: \"222222222222\" } } }",
            ),
            "Function.Role: role look-eu-west-1 cannot be assumed by lambda.amazonaws.com for arn:aws:lambda:eu-west-1:111111111111:function:look",
        ),
        (
            template_with("Action: sts:AssumeRole }", "Action: sts:AssumeRole, Resource: \"*\" }"),
            "Role: Has prohibited field Resource",
        ),
        (
            template_with("HOURS: !Ref Hours", &format!("HOURS: {long}")),
            "Function.Environment: 4225 bytes exceed Lambda's limit of 4096",
        ),
        (
            template_with("Key: ask.json", "Key: other.json"),
            "Machine.DefinitionS3Location: no definition with this bucket and key",
        ),
        (
            template_with("rate(${Hours} hours)", "cron(0 0 * * ? *)"),
            "Sweep.ScheduleExpression: only rate expressions are simulated, not cron(0 0 * * ? *)",
        ),
        (
            template_with("Input: '{\"sweep\": 1}'", "Input: sweep"),
            "Sweep.Target.Input: expected value at line 1 column 1",
        ),
        (
            template_with("FlexibleTimeWindow: { Mode: \"OFF\" }", "FlexibleTimeWindow: { Mode: FLEXIBLE }"),
            "Sweep.FlexibleTimeWindow: only the mode OFF is simulated",
        ),
        (
            template_with("Type: AWS::SNS::Topic,", "Type: AWS::DynamoDB::Table,"),
            "Topic: the type AWS::DynamoDB::Table is not simulated",
        ),
        (template_with("Action: sqs:SendMessage", "Action: sqs"), "Role: invalid Action sqs"),
        (
            template_with("Principal: sns.amazonaws.com", "Principal: \"*\""),
            "InvokePermission: Policy contains a statement with one or more invalid principals. (*)",
        ),
        (template_with("QueueName: dead-letters, ", ""), "DeadLetters.QueueName: missing"),
        (
            template_with("TargetKeyId: !Ref Key", "TargetKeyId: mine"),
            "Alias: kms CreateAlias: NotFoundException: Invalid keyId 'mine'",
        ),
        (
            template_with("Value: !Ref Machine", "Value: !GetAtt Machine.Owner"),
            "Outputs.Machine: the attribute Owner of Machine is not simulated",
        ),
    ];
    for (text, expected) in table {
        let refused = create(&world(), &text, &[]).expect_err(expected);
        assert_eq!(refused.to_string(), format!("t.yaml: {expected}"));
    }
    let world = world();
    create(&world, TEMPLATE, &[]).expect("a stack");
    let again = create(&world, TEMPLATE, &[]).expect_err("another of the same names").to_string();
    assert_eq!(
        again,
        "t.yaml: Alias: kms CreateAlias: AlreadyExistsException: An alias with the name arn:aws:kms:eu-west-1:111111111111:alias/it already exists"
    );
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_a_stack_are_made_as_root_and_are_in_the_journal() {
    let world = world();
    create(&world, TEMPLATE, &[]).expect("a stack");
    let called: Vec<_> =
        world.journal(|journal| journal.calls().map(|(_, role, call)| (role.is_some(), call.to_owned())).collect());
    let expected = ["CreateKey", "CreateAlias", "CreateQueue", "CreateTopic", "Subscribe", "CreateStateMachine"];
    let mut calls: Vec<_> = called.iter().map(|(_, call)| call.as_str()).collect();
    calls.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(calls, expected);
    assert!(called.iter().all(|(by_role, _)| !by_role));
    let made = aws_sdk_sfn::Client::new(&world.sdk_config(PROD, REGION)).list_state_machines().send().await;
    assert_eq!(code(made).map(|list| list.state_machines.len()), Ok(1));
}
