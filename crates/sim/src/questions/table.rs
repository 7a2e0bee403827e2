//! The table of open questions. `doc/simulation.md` explains how to add one.

use super::{Answer, Question};

macro_rules! questions {
    ($(
        $field:ident: $type:ident = $name:literal
        unknown: $unknown:literal
        experiment: $experiment:literal
        worst: $worst:ident
        $($answer:ident = $answer_name:literal: $evidence:literal)+;
    )+) => {
        /// An answer to each question.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Answers {
            $(
                #[doc = $unknown]
                pub $field: $type,
            )+
        }

        impl Default for Answers {
            fn default() -> Self {
                Self { $($field: $type::ALL[0]),+ }
            }
        }

        /// All questions.
        pub static QUESTIONS: &[Question] = &[$(
            Question {
                name: $name,
                unknown: $unknown,
                experiment: $experiment,
                answers: &[$(Answer { name: $answer_name, evidence: $evidence }),+],
                worst: $type::$worst as usize,
                get: |answers| answers.$field as usize,
                set: |answers, nth| answers.$field = $type::ALL[nth],
            },
        )+];

        $(
            #[doc = $unknown]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $type {
                $(
                    #[doc = $evidence]
                    $answer,
                )+
            }

            impl $type {
                /// All answers. The first is the default.
                pub const ALL: &'static [Self] = &[$(Self::$answer),+];
            }
        )+
    };
}

questions! {
    copy_status: CopyStatus = "copy-status"
    unknown: "Which status does a copy have before it is available?"
    experiment: "Copy a snapshot, and describe the copy each second until it is available."
    worst: Pending
    Creating = "creating": "The example response of `aws rds copy-db-snapshot` in the command line's reference has it."
    Pending = "pending": "Users of RDS reported it for copies that wait for other copies."
    Copying = "copying": "The user guide says that a copy with the status `copying` can be canceled.";

    incremental: Incremental = "incremental"
    unknown: "Which copies of instance snapshots are incremental, if the latest earlier copy of the same database exists at the destination under the same key?"
    experiment: "Take a snapshot of an instance of 100 GiB that is full of random data, copy it under a customer managed key, share the copy, and copy it in a second account. Change 1 GiB, and do the same again while all earlier snapshots exist. A second copy that takes a small part of the time of the first is incremental: note it for both copies. The storage of snapshots in both accounts' cost reports confirms it a day later."
    worst: Never
    NotOfCopies = "not-of-copies": "The user guide of 2023, `Incremental snapshot copying`: copies under one key are incremental of each other, but `when you copy a source snapshot that is a snapshot copy itself, the new copy isn't incremental`."
    AlsoOfCopies = "also-of-copies": "AWS's database blog, `Accelerate cross-account Amazon RDS refreshes with incremental snapshots`: an automated snapshot is copied, the copy is shared, and `copy the snapshot to Account B using the KMS key in Account B. The copy is incremental if a recent encrypted copy (using the same KMS key) is already available`."
    Never = "never": "The guide of EBS, on which instance snapshots are built: `If you copy a snapshot and encrypt it to a new KMS key, a complete (non-incremental) copy is created`.";

    key_tag_delay: KeyTagDelay = "key-tag-delay"
    unknown: "How long does it take until the tags of a key, and its aliases, count in policies?"
    experiment: "Create a key with a tag. Copy a snapshot under it at once, as a role whose policy requires this tag, and then once a minute until AWS accepts the copy."
    worst: FiveMinutes
    AtOnce = "at-once": "No text excludes it: the guide gives only a limit."
    FiveMinutes = "five-minutes": "The KMS developer guide: \"It might take up to five minutes for tag and alias changes to affect KMS key authorization.\"";

    source_arn: SourceArn = "source-arn"
    unknown: "What is `aws:SourceArn` when RDS publishes an event to a topic?"
    experiment: "Subscribe a topic to events of snapshots. Let its policy require the ARN of the event's resource, then that of the subscription, and see which notifications arrive."
    worst: Subscription
    Resource = "resource": "The RDS user guide: \"`SourceARN` - Your RDS resource ARN\". Its example has the ARN of an instance. It does not mention snapshots, nor the first message of a subscription."
    Subscription = "subscription": "An event subscription is a resource of RDS, too, and it is the one that publishes.";

    copied_tags_permission: CopiedTagsPermission = "copied-tags-permission"
    unknown: "Does a copy with `CopyTags` require the permission `rds:AddTagsToResource` for the tags that it takes from its source?"
    experiment: "Copy a tagged snapshot with `CopyTags` as a role that has only `rds:CopyDBSnapshot`."
    worst: Required
    NotRequired = "not-required": "The Service Authorization Reference does not list a dependent action of CopyDBSnapshot."
    Required = "required": "AWS announced in January 2025 that a final snapshot requires it if `CopyTagsToSnapshot` is on.";
}
