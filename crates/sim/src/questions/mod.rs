//! Open questions: behaviour of AWS that no text of AWS's decides.
//!
//! Each question is a setting of the world, [`Settings::answers`](crate::Settings::answers). The first answer is the default.
//! A program that is tested in the simulation should end in the same state under every answer: [`Answers::worlds`] has each
//! answer alone, and the worst answers together.
//!
//! A text of AWS's that decides a question closes it, and so does a published response of AWS. Its row is then removed, and
//! the code that implements the answer cites the text.

mod table;

use std::fmt;
use std::str::FromStr;

pub use table::*;

/// An open question.
#[derive(Debug)]
pub struct Question {
    /// Its name: `copy-status`.
    pub name: &'static str,
    /// What is unknown.
    pub unknown: &'static str,
    /// How to find the answer, with two accounts.
    pub experiment: &'static str,
    /// The possible answers. The first is the default.
    pub answers: &'static [Answer],
    worst: usize,
    get: fn(&Answers) -> usize,
    set: fn(&mut Answers, usize),
}

/// A possible answer to a question.
#[derive(Debug)]
pub struct Answer {
    /// Its name: `pending`.
    pub name: &'static str,
    /// The reason to expect it: a text that hints at it, or a person who reported it.
    pub evidence: &'static str,
}

impl Question {
    /// The answer that is hardest for a program that keeps snapshots.
    #[must_use]
    pub fn worst(&self) -> &'static Answer {
        &self.answers[self.worst]
    }
}

impl Answers {
    /// The worst answer to each question.
    #[must_use]
    pub fn worst() -> Self {
        let mut answers = Self::default();
        QUESTIONS.iter().for_each(|question| (question.set)(&mut answers, question.worst));
        answers
    }

    /// To each question an answer that is neither the default nor the worst, if it has one. So every answer is the default, the
    /// worst, or one of these.
    #[must_use]
    pub fn others() -> Self {
        let mut answers = Self::default();
        for question in QUESTIONS {
            let other = (1..question.answers.len()).find(|nth| *nth != question.worst);
            other.into_iter().for_each(|nth| (question.set)(&mut answers, nth));
        }
        answers
    }

    /// The worlds in which a program should be tested: the default answers, each other answer alone, the worst answers
    /// together, and the others together.
    #[must_use]
    pub fn worlds() -> Vec<Self> {
        let mut worlds = vec![Self::default()];
        for question in QUESTIONS {
            worlds.extend((1..question.answers.len()).map(|nth| {
                let mut answers = Self::default();
                (question.set)(&mut answers, nth);
                answers
            }));
        }
        worlds.extend([Self::worst(), Self::others()]);
        worlds
    }

    /// The answer to a question.
    #[must_use]
    pub fn to(&self, question: &Question) -> &'static Answer {
        &question.answers[(question.get)(self)]
    }
}

/// The answers that differ from the default: `copy-status=pending,first-backup=at-creation`, or `default`.
impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = QUESTIONS.iter().filter(|question| (question.get)(self) != 0);
        let other: Vec<_> = other.map(|question| format!("{}={}", question.name, self.to(question).name)).collect();
        f.write_str(if other.is_empty() { "default".to_owned() } else { other.join(",") }.as_str())
    }
}

/// Text that names no answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseAnswersError {
    /// A part of the text is not `QUESTION=ANSWER`.
    #[error("{0} is not an answer; write QUESTION=ANSWER, for example copy-status=pending")]
    Form(String),
    /// There is no such question.
    #[error("there is no open question {name}; the questions are {}", names(QUESTIONS.iter().map(|question| question.name)))]
    Question {
        /// The text.
        name: String,
    },
    /// The question has no such answer.
    #[error("{answer} is not an answer to {}; the answers are {}", question.name, names(question.answers.iter().map(|answer| answer.name)))]
    Answer {
        /// The question.
        question: &'static Question,
        /// The text.
        answer: String,
    },
}

/// Two questions are equal if they have the same name.
impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Question {}

/// Reads the form that [`Display`](fmt::Display) writes; `worst` for the worst answers together, `others` for the others.
impl FromStr for Answers {
    type Err = ParseAnswersError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" | "default" => return Ok(Self::default()),
            "worst" => return Ok(Self::worst()),
            "others" => return Ok(Self::others()),
            _ => {}
        }
        let mut answers = Self::default();
        for part in text.split(',') {
            let (name, answer) = part.split_once('=').ok_or_else(|| ParseAnswersError::Form(part.to_owned()))?;
            let question = QUESTIONS
                .iter()
                .find(|question| question.name == name)
                .ok_or_else(|| ParseAnswersError::Question { name: name.to_owned() })?;
            let nth = question.answers.iter().position(|known| known.name == answer);
            let nth = nth.ok_or_else(|| ParseAnswersError::Answer { question, answer: answer.to_owned() })?;
            (question.set)(&mut answers, nth);
        }
        Ok(answers)
    }
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_there_is_a_choice() {
        let mut questions: Vec<_> = QUESTIONS.iter().map(|question| question.name).collect();
        questions.sort_unstable();
        questions.dedup();
        assert_eq!(questions.len(), QUESTIONS.len());
        for question in QUESTIONS {
            let mut answers: Vec<_> = question.answers.iter().map(|answer| answer.name).collect();
            answers.sort_unstable();
            answers.dedup();
            assert!(answers.len() > 1 && answers.len() == question.answers.len(), "{}", question.name);
        }
    }

    #[test]
    fn every_world_is_read_back_from_its_text() {
        for world in Answers::worlds() {
            assert_eq!(world.to_string().parse(), Ok(world));
        }
        assert_eq!("worst".parse(), Ok(Answers::worst()));
    }

    #[test]
    fn every_answer_is_in_a_world() {
        let worlds = Answers::worlds();
        for question in QUESTIONS {
            for answer in question.answers {
                assert!(worlds.iter().any(|world| world.to(question).name == answer.name), "{}", answer.name);
            }
        }
    }

    #[test]
    fn three_worlds_have_every_answer() {
        let worlds = [Answers::default(), Answers::worst(), Answers::others()];
        for question in QUESTIONS {
            for answer in question.answers {
                let name = format!("{}={}", question.name, answer.name);
                assert!(worlds.iter().any(|world| world.to(question).name == answer.name), "{name}");
            }
        }
    }

    #[test]
    fn an_unknown_answer_is_refused_with_the_known_ones() {
        let read = |text: &str| text.parse::<Answers>().map_err(|error| error.to_string());
        let error = read("copy-status=gone").expect_err("no such answer");
        assert!(error.starts_with("gone is not an answer to copy-status; the answers are creating"), "{error}");
        assert!(read("copy-state=pending").expect_err("no such question").contains("copy-status"));
        assert!(read("copy-status").expect_err("no answer").contains("QUESTION=ANSWER"));
    }
}
