//! What has to wait while an outcome is awaited.

use std::collections::{BTreeMap, VecDeque};

use fulcrum_model::protocol::{Input, Name};

use crate::parcel::SentObject;

/// How many messages wait. More are dropped: whoever sent them sends them again.
const MESSAGES: usize = 32;

/// An input, with a Stage its manifests.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) input: Input,
    pub(super) manifests: BTreeMap<Name, SentObject>,
}

impl From<Input> for Waiting {
    fn from(input: Input) -> Self {
        Self { input, manifests: BTreeMap::new() }
    }
}

/// Inputs in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
}

impl Queue {
    /// Lets an input wait; a message may be dropped.
    pub(super) fn push(&mut self, waiting: Waiting) {
        let is_message = |waiting: &Waiting| matches!(waiting.input, Input::Received(_));
        let messages = self.waiting.iter().filter(|waiting| is_message(waiting)).count();
        if !is_message(&waiting) || messages < MESSAGES {
            self.waiting.push_back(waiting);
        }
    }

    /// The session is over: neither that it began nor what it said matters any more.
    pub(super) fn end_session(&mut self) {
        self.waiting
            .retain(|waiting| !matches!(waiting.input, Input::SessionUp(_) | Input::Received(_)));
    }

    /// What came first.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        self.waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use fulcrum_model::protocol::{Epoch, Lineage, Message, Move, Request};

    use super::*;

    fn begin(attempt: u32) -> Waiting {
        let mv = Move { lineage: Lineage(1), epoch: Epoch(1), attempt, id: 7 };
        Input::Received(Message::Begin(mv)).into()
    }

    #[test]
    fn a_session_that_ends_takes_its_words_with_it() {
        let mut queue = Queue::default();
        queue.push(Input::SessionUp(None).into());
        queue.push(Input::Request(Request::Abort).into());
        queue.push(begin(1));
        queue.end_session();
        let first = queue.pop().map(|waiting| waiting.input);
        assert_eq!(first, Some(Input::Request(Request::Abort)));
        assert!(queue.pop().is_none());
    }

    #[test]
    fn too_many_messages_are_dropped_and_requests_are_not() {
        let mut queue = Queue::default();
        for attempt in 0..100 {
            queue.push(begin(attempt));
        }
        queue.push(Input::Request(Request::Abort).into());
        let inputs: Vec<Input> = std::iter::from_fn(|| queue.pop()).map(|it| it.input).collect();
        assert_eq!(inputs.len(), MESSAGES + 1);
        assert_eq!(inputs.last(), Some(&Input::Request(Request::Abort)));
    }
}
