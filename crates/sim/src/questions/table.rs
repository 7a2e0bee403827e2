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
}
