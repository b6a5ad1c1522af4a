//! Every item of the protocol says what it is and which rules it serves, and every rule that is
//! visible on the wire is served by an item.

use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where `descriptor.proto` puts things: the numbers of its fields.
const MESSAGES: i32 = 4;
const ENUMS: i32 = 5;
const SERVICES: i32 = 6;
const FIELDS_VALUES_METHODS: i32 = 2;
const ONEOFS: i32 = 8;

/// A message, field, oneof, enum, value, service or method, with the comment in front of it.
struct Item {
    name: String,
    comment: String,
}

#[test]
fn every_item_has_a_comment_that_cites_a_rule_of_the_contract() {
    let contract = rules(|_| true);
    let mut faults = Vec::new();
    for item in items() {
        let words = item.comment.split("Rules:").next().unwrap_or_default().trim();
        if words.is_empty() {
            faults.push(format!("{} does not say what it is", item.name));
        }
        let cited = cited(&item.comment);
        if cited.is_empty() {
            faults.push(format!("{} cites no rule", item.name));
        }
        for rule in cited.difference(&contract) {
            faults.push(format!("{} cites {rule}, which CONTRACT.md lacks", item.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_wire_rule_is_served_by_an_item() {
    let served: BTreeSet<String> = items().iter().flat_map(|item| cited(&item.comment)).collect();
    let unserved: Vec<String> =
        rules(|tags| tags.contains('w')).difference(&served).cloned().collect();
    assert!(unserved.is_empty(), "no item of the protocol serves {unserved:?}");
}

#[test]
fn the_walk_sees_every_kind_of_item() {
    let names: BTreeSet<String> = items().into_iter().map(|item| item.name).collect();
    for name in [
        "Record",
        "Record.epoch",
        "MoveMessage.body",
        "Phase",
        "Phase.PHASE_COMMITTED",
        "Pivot",
        "Pivot.Attach",
    ] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
}

/// The ids of the contract's rules whose tags pass.
fn rules(wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let rules = fulcrum_proto::CONTRACT.lines().filter_map(|line| {
        let (id, rest) = line.strip_prefix("- **")?.split_once("** [")?;
        let (tags, _) = rest.split_once(']')?;
        (is_rule(id) && wanted(tags)).then(|| id.to_owned())
    });
    let rules: BTreeSet<String> = rules.collect();
    assert!(!rules.is_empty(), "CONTRACT.md has no such rules");
    rules
}

/// The rule ids in a comment.
fn cited(comment: &str) -> BTreeSet<String> {
    comment
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| is_rule(word))
        .map(str::to_owned)
        .collect()
}

/// One capital, digits, and at most one small letter: `T1`, `H1a`.
fn is_rule(word: &str) -> bool {
    let rest = word.strip_prefix(|letter: char| letter.is_ascii_uppercase());
    let digits = rest
        .map(|rest| rest.strip_suffix(|letter: char| letter.is_ascii_lowercase()).unwrap_or(rest));
    digits.is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn items() -> Vec<Item> {
    descriptors().file.iter().flat_map(items_of).collect()
}

fn descriptors() -> FileDescriptorSet {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<PathBuf> = fs::read_dir(root.join("pivot/v1"))
        .expect("the crate holds its sources")
        .map(|entry| entry.expect("its folders can be read").path())
        .collect();
    files.sort();
    protox::compile(files, [root]).expect("build.rs has compiled the same files")
}

fn items_of(file: &FileDescriptorProto) -> Vec<Item> {
    let comments = comments(file);
    let mut items = Vec::new();
    let mut add = |path: &[i32], name: String| {
        let comment = comments.get(path).cloned().unwrap_or_default();
        items.push(Item { name, comment });
    };
    for (at, message) in (0_i32..).zip(&file.message_type) {
        add(&[MESSAGES, at], message.name().to_owned());
        for (list, index, name) in parts(message) {
            add(&[MESSAGES, at, list, index], format!("{}.{name}", message.name()));
        }
    }
    for (at, list) in (0_i32..).zip(&file.enum_type) {
        add(&[ENUMS, at], list.name().to_owned());
        for (index, value) in (0_i32..).zip(&list.value) {
            add(
                &[ENUMS, at, FIELDS_VALUES_METHODS, index],
                format!("{}.{}", list.name(), value.name()),
            );
        }
    }
    for (at, service) in (0_i32..).zip(&file.service) {
        add(&[SERVICES, at], service.name().to_owned());
        for (index, method) in (0_i32..).zip(&service.method) {
            add(
                &[SERVICES, at, FIELDS_VALUES_METHODS, index],
                format!("{}.{}", service.name(), method.name()),
            );
        }
    }
    items
}

/// The fields and oneofs of a message: in which list, where in it, and the name.
fn parts(message: &DescriptorProto) -> Vec<(i32, i32, &str)> {
    assert!(
        message.nested_type.is_empty() && message.enum_type.is_empty(),
        "{} nests a type, which this walk does not enter",
        message.name()
    );
    let fields = (0_i32..)
        .zip(&message.field)
        .map(|(index, field)| (FIELDS_VALUES_METHODS, index, field.name()));
    // An optional field has a oneof of its own, which nobody wrote.
    let oneofs = (0_i32..)
        .zip(&message.oneof_decl)
        .filter(|(index, _)| {
            !message
                .field
                .iter()
                .any(|field| field.proto3_optional() && field.oneof_index == Some(*index))
        })
        .map(|(index, oneof)| (ONEOFS, index, oneof.name()));
    fields.chain(oneofs).collect()
}

fn comments(file: &FileDescriptorProto) -> BTreeMap<Vec<i32>, String> {
    let source = file.source_code_info.as_ref();
    source
        .expect("protox keeps the comments")
        .location
        .iter()
        .filter_map(|place| Some((place.path.clone(), place.leading_comments.clone()?)))
        .collect()
}
