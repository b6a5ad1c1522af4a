//! Messages of a newer peer are read as far as they are known (T9).

use fulcrum_proto::v1::{AgentReady, FromAgent, Heartbeat, Phase, Record, from_agent};
use prost::Message;

/// A length-delimited field of a number that no message has.
fn unknown_field(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut bytes);
    bytes.extend([3, b'n', b'e', b'w']);
    bytes
}

#[test]
fn an_unknown_field_is_passed_over() {
    let known = Heartbeat { sequence: 7, node_count: 3, ..Heartbeat::default() };
    let mut bytes = known.encode_to_vec();
    bytes.extend(unknown_field(4000));
    let read = Heartbeat::decode(bytes.as_slice()).expect("unknown fields are no error");
    assert_eq!(read, known);
}

#[test]
fn an_unknown_kind_of_message_is_an_envelope_without_a_body() {
    let bytes = unknown_field(4000);
    let read = FromAgent::decode(bytes.as_slice()).expect("unknown bodies are no error");
    assert_eq!(read.body, None);
}

#[test]
fn an_unknown_enum_value_reads_as_unspecified() {
    let record = Record { phase: 4000, ..Record::default() };
    let read = Record::decode(record.encode_to_vec().as_slice()).expect("the number is kept");
    assert_eq!(read.phase, 4000);
    assert_eq!(read.phase(), Phase::Unspecified);
}

#[test]
fn no_record_is_told_apart_from_an_empty_one() {
    for record in [None, Some(Record::default())] {
        let sent = FromAgent {
            body: Some(from_agent::Body::Ready(AgentReady {
                record: record.clone(),
                ..AgentReady::default()
            })),
        };
        let read = FromAgent::decode(sent.encode_to_vec().as_slice()).expect("it was just encoded");
        let Some(from_agent::Body::Ready(ready)) = read.body else {
            panic!("an AgentReady was sent and something else was read");
        };
        assert_eq!(ready.record, record);
    }
}
