//! PATCH: three patches and the server-side apply.

use serde_json::Value;

use super::options::FieldValidation;
use super::{Op, create, decode, update};
use crate::http::answer::Answer;
use crate::http::yaml;
use crate::json::metadata;
use crate::meta::ordered::ordered;
use crate::patch::{self, Kind};
use crate::registry::Resource;
use crate::status::{FieldError, GroupKind, Status};

/// How a PATCH is meant, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    Patch(Kind),
    Apply,
}

/// Reads the media type.
///
/// # Errors
/// 415.
pub(crate) fn means(resource: &Resource, content_type: &str) -> Result<Means, Status> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let custom = resource.custom.is_some();
    match Kind::of(media_type) {
        Some(Kind::Strategic) if custom => Err(Status::unsupported_patch_custom()),
        Some(kind) => Ok(Means::Patch(kind)),
        None if media_type == "application/apply-patch+yaml" => Ok(Means::Apply),
        None if custom => Err(Status::unsupported_patch_custom()),
        None => Err(Status::unsupported_patch_core()),
    }
}

/// Carries out a PATCH.
///
/// # Errors
/// As the API refuses.
pub(crate) fn patch(op: &Op<'_>, means: Means) -> Result<Answer, Status> {
    if op.asked.subresource == "scale" {
        return super::scale::patch(op, means);
    }
    match means {
        Means::Apply => apply(op),
        Means::Patch(kind) => {
            let live = op.existing()?;
            let patched = patch::apply(kind, &live, &op.request.body)?;
            let shown = shown(op, kind, &live, &patched);
            let mut object = settled(op, patched, &shown)?;
            create::check_place(op, &object, true)?;
            create::place(op, &mut object);
            let object = op.tracked(|tracked, who| tracked.update(Some(&live), object, who));
            update::replace(op, &live, object).map(|object| Answer::object(200, object))
        }
    }
}

/// How a strict refusal shows the patch: a strategic one as the map that it is, others by what
/// they lead to. Of a built-in kind, metadata that the patch leaves alone are in Go's order.
fn shown(op: &Op<'_>, kind: Kind, live: &Value, patched: &Value) -> String {
    let fields = |object: &Value, colon: &str, print: &dyn Fn(&str, &Value) -> String| {
        let fields = object.as_object().into_iter().flatten();
        let fields = fields.map(|(key, value)| format!("{key}{colon}{}", print(key, value)));
        fields.collect::<Vec<_>>()
    };
    if kind == Kind::Strategic {
        let sent: Value = serde_json::from_slice(&op.request.body).unwrap_or_default();
        return format!("map[{}]", fields(&sent, ":", &|_, value| value.to_string()).join(" "));
    }
    if op.is_custom() || live["metadata"] != patched["metadata"] {
        return patched.to_string();
    }
    let fields = fields(patched, "\":", &|key, value| match key {
        "metadata" => ordered(value),
        _ => value.to_string(),
    });
    format!("{{\"{}}}", fields.join(",\""))
}

/// The result of a patch, pruned and completed.
fn settled(op: &Op<'_>, patched: Value, shown: &str) -> Result<Value, Status> {
    if op.is_custom() {
        check_type(op, &patched)?;
    }
    let refuse = |why: &str| {
        let error = FieldError::invalid("patch", shown, why);
        Err(Status::invalid(&GroupKind::default(), "", vec![error]))
    };
    let strict = op.options.validation == FieldValidation::Strict;
    match decode::settle(op, patched) {
        Ok(decoded) if strict && !decoded.complaints.is_empty() => {
            refuse(&format!("strict decoding error: {}", decoded.complaints.join(", ")))
        }
        Ok(decoded) => {
            if op.options.validation == FieldValidation::Warn {
                decoded.complaints.iter().for_each(|text| op.warn(text));
            }
            Ok(decoded.object)
        }
        Err(status) if status.code == 400 => refuse(&status.message),
        Err(status) => Err(status),
    }
}

/// A patch changes neither kind nor version.
fn check_type(op: &Op<'_>, patched: &Value) -> Result<(), Status> {
    let field = |name: &str| patched[name].as_str().unwrap_or_default();
    let wanted = [("kind", op.resource.kind.clone()), ("apiVersion", op.resource.api_version())];
    for (name, wanted) in wanted {
        if field(name) != wanted {
            let error = FieldError::invalid(name, field(name), format!("must be {wanted}"));
            let (version, kind) = (field("apiVersion"), field("kind"));
            let group = version.rsplit_once('/').map_or("", |(group, _)| group);
            let kind = GroupKind::new(group, kind);
            return Err(Status::invalid(&kind, metadata(patched, "name"), vec![error]));
        }
    }
    Ok(())
}

/// A server-side apply.
fn apply(op: &Op<'_>) -> Result<Answer, Status> {
    let config = yaml::read_strict(&op.request.body)
        .map_err(|why| Status::bad_request(format!("error decoding YAML: {why}")))?;
    if !config.is_object() {
        return Err(Status::bad_request("error decoding YAML: not an object"));
    }
    check_config(op, &config)?;
    create::check_place(op, &config, true)?;
    let live = op.live(&op.asked.name);
    if live.is_none() && !op.asked.subresource.is_empty() {
        return Err(Status::not_found(&op.group_resource(), &op.asked.name));
    }
    let force = op.options.force;
    let applied = op.tracked(|tracked, who| tracked.apply(live.as_ref(), &config, force, who))?;
    let mut applied = decode::settle(op, applied)?.object;
    create::place(op, &mut applied);
    match live {
        None => create::insert(op, applied).map(|object| Answer::object(201, object)),
        Some(live) => update::replace(op, &live, applied).map(|object| Answer::object(200, object)),
    }
}

/// What is applied has to be of the kind of the path.
fn check_config(op: &Op<'_>, config: &Value) -> Result<(), Status> {
    let managed = config.pointer("/metadata/managedFields");
    if managed.is_some_and(|sent| !sent.is_null()) {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let field = |name: &str| config[name].as_str().unwrap_or_default();
    let (version, kind) = (field("apiVersion"), field("kind"));
    if version == op.resource.api_version() && kind == op.resource.kind {
        return Ok(());
    }
    let (group, short) = version.rsplit_once('/').unwrap_or(("", version));
    Err(Status::bad_request(format!("invalid object type: {group}/{short}, Kind={kind}")))
}
