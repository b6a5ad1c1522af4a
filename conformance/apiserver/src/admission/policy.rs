//! ValidatingAdmissionPolicies: what the policies in the store say to a write.
//!
//! A policy judges once it and a binding of it are a second old, as a real server learns of them.
//! A change and a removal take effect at once. Not here: `authorizer`, and audit annotations.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::matching::{Request, entries};
use super::params::{self, acts, is_exempt};
use super::variables::{self, Variables, object, truth, words};
use super::{Admission, Review};
use crate::cel::{Cel, Program};
use crate::json::text;
use crate::status::{Cause, GroupResource, Status};
use crate::store::Store;

/// From the creation to the effect.
const DELAY: SignedDuration = SignedDuration::from_secs(1);
/// Longest message that an expression may give, in bytes.
const LONGEST_MESSAGE: usize = 5 * 1024;
/// So many compiled expressions are kept.
const MOST_PROGRAMS: usize = 1000;

type Compiled = Arc<Result<Program, String>>;

/// The hook that asks the policies.
pub struct Policies {
    store: Store,
    programs: Mutex<BTreeMap<String, Compiled>>,
}

/// A refusal.
struct Denial {
    by: String,
    message: String,
    reason: (&'static str, u16),
}

/// What came of a judgement.
#[derive(Default)]
struct Verdict {
    warnings: Vec<String>,
    denials: Vec<Denial>,
}

/// Why a validation does not hold.
struct Failed {
    message: String,
    reason: (&'static str, u16),
}

const INVALID: (&str, u16) = ("Invalid", 422);

impl Failed {
    fn new(message: String) -> Self {
        Self { message, reason: INVALID }
    }
}

impl Admission for Policies {
    fn validate(&self, review: &Review<'_>, object: Option<&Value>) -> Result<Vec<String>, Status> {
        if is_exempt(&review.resource.group_resource()) {
            return Ok(Vec::new());
        }
        let bindings = self.in_effect("validatingadmissionpolicybindings", review.now);
        if bindings.is_empty() {
            return Ok(Vec::new());
        }
        let request = Request { review, object, store: &self.store };
        let mut verdict = Verdict::default();
        for policy in self.in_effect("validatingadmissionpolicies", review.now) {
            let of = |binding: &&Arc<Value>| binding["spec"]["policyName"] == *name(&policy);
            let bindings: Vec<&Arc<Value>> = bindings.iter().filter(of).collect();
            self.judge(&request, &policy, &bindings, &mut verdict);
        }
        match verdict.denials.into_iter().next() {
            Some(denial) => Err(refusal(&request, denial)),
            None => Ok(verdict.warnings),
        }
    }
}

fn name(object: &Value) -> &Value {
    &object["metadata"]["name"]
}

fn fails_open(policy: &Value) -> bool {
    policy["spec"]["failurePolicy"] == "Ignore"
}

/// 422, or what the policy has as its reason.
fn refusal(request: &Request<'_>, denial: Denial) -> Status {
    let of = |field| request.object.map_or("", |object| text(&object["metadata"], field));
    let names = [request.review.name, of("name"), of("generateName")];
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or("Unknown");
    let message = format!("{} denied request: {}", denial.by, denial.message);
    let cause = Cause { message: message.clone(), ..Cause::default() };
    let resource = request.review.resource.group_resource();
    let mut status = Status::forbidden(&resource, name, &message, vec![cause]);
    (status.reason, status.code) = denial.reason;
    status
}

impl Policies {
    /// The policies of a store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, programs: Mutex::default() }
    }

    /// What is old enough to have been noticed.
    fn in_effect(&self, plural: &str, now: Timestamp) -> Vec<Arc<Value>> {
        let resource = GroupResource::new("admissionregistration.k8s.io", plural);
        // Reading the present never fails.
        let (mut all, _) = self.store.list(&resource, None, None).unwrap_or_default();
        all.retain(|object| {
            let created = text(&object["metadata"], "creationTimestamp").parse::<Timestamp>();
            created.is_ok_and(|created| now.duration_since(created) >= DELAY)
        });
        all
    }

    /// Asks a policy, once for each of its bindings that is about the write.
    fn judge(
        &self,
        request: &Request<'_>,
        policy: &Value,
        bindings: &[&Arc<Value>],
        verdict: &mut Verdict,
    ) {
        if bindings.is_empty() {
            return;
        }
        let Some(version) = request.matched(&policy["spec"]["matchConstraints"]) else {
            return;
        };
        let mut variables = variables::of(request, version);
        for binding in bindings {
            if request.matched(&binding["spec"]["matchResources"]).is_none() {
                continue;
            }
            let title = |object| text(object, "name").to_owned();
            let (policy_name, binding_name) =
                (title(&policy["metadata"]), title(&binding["metadata"]));
            let by =
                format!("ValidatingAdmissionPolicy '{policy_name}' with binding '{binding_name}'");
            let params = match params::collect(request, policy, binding) {
                Ok(params) => params,
                Err(_) if fails_open(policy) => continue,
                Err(why) => {
                    let message = format!("failed to configure binding: {why}");
                    verdict.denials.push(Denial { by, message, reason: INVALID });
                    continue;
                }
            };
            for param in params {
                variables.insert("params", Cel::from(&param));
                let failed = self.evaluate(policy, &mut variables);
                verdict.add(&by, binding, failed);
            }
        }
    }

    /// The validations that do not hold.
    fn evaluate(&self, policy: &Value, variables: &mut Variables) -> Vec<Failed> {
        let spec = &policy["spec"];
        let composed = self.compose(entries(&spec["variables"]), variables);
        variables.insert("variables", composed);
        let on_error = |why: String| (!fails_open(policy)).then(|| Failed::new(why));
        match self.conditions(entries(&spec["matchConditions"]), variables) {
            Ok(true) => {}
            Ok(false) => return Vec::new(),
            Err(why) => return on_error(why).into_iter().collect(),
        }
        let validations = entries(&spec["validations"]).iter();
        validations
            .filter_map(|validation| match self.eval(text(validation, "expression"), variables) {
                Ok(given) if truth(&given) == Some(true) => None,
                Ok(_) => Some(self.broken(validation, variables)),
                Err(why) => on_error(why),
            })
            .collect()
    }

    /// The variables of the policy, each with those before it. One that fails is not there.
    fn compose(&self, variables: &[Value], known: &Variables) -> Cel {
        let mut composed = BTreeMap::new();
        if variables.is_empty() {
            return object(composed);
        }
        let mut known = known.clone();
        for variable in variables {
            known.insert("variables", object(composed.clone()));
            if let Ok(value) = self.eval(text(variable, "expression"), &known) {
                composed.insert(text(variable, "name").to_owned(), value);
            }
        }
        object(composed)
    }

    /// Whether the write is one that the policy judges. One condition that does not hold is
    /// enough, whatever became of the others.
    fn conditions(&self, conditions: &[Value], variables: &Variables) -> Result<bool, String> {
        let mut errors = Vec::new();
        for condition in conditions {
            match self.eval(text(condition, "expression"), variables) {
                Ok(given) if truth(&given) == Some(false) => return Ok(false),
                Ok(_) => {}
                Err(why) => errors.push(why),
            }
        }
        match errors.as_slice() {
            [] => Ok(true),
            [one] => Err(one.clone()),
            all => Err(format!("[{}]", all.join(", "))),
        }
    }

    /// A validation that does not hold, in the words of the policy.
    fn broken(&self, validation: &Value, variables: &Variables) -> Failed {
        let from_expression = || {
            let expression = validation["messageExpression"].as_str()?;
            let given = self.eval(expression, variables).ok()?;
            let message = words(&given)?.trim();
            let fits = message.len() <= LONGEST_MESSAGE && !message.contains('\n');
            (fits && !message.is_empty()).then(|| message.to_owned())
        };
        let message = from_expression().unwrap_or_else(|| {
            let expression = text(validation, "expression").trim();
            match text(validation, "message").trim() {
                "" => format!("failed expression: {expression}"),
                message => message.to_owned(),
            }
        });
        let reason = match text(validation, "reason") {
            "Forbidden" => ("Forbidden", 403),
            "Unauthorized" => ("Unauthorized", 401),
            "RequestEntityTooLarge" => ("RequestEntityTooLarge", 413),
            _ => INVALID,
        };
        Failed { message, reason }
    }

    fn eval(&self, expression: &str, variables: &Variables) -> Result<Cel, String> {
        match &*self.program(expression) {
            Ok(program) => program
                .eval(variables)
                .map_err(|why| format!("expression '{expression}' resulted in error: {why}")),
            Err(why) => Err(format!("compilation error: {why}")),
        }
    }

    fn program(&self, expression: &str) -> Compiled {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = programs.get(expression) {
            return Arc::clone(compiled);
        }
        let compiled = Program::compile(expression).map_err(|error| error.to_string());
        if programs.len() >= MOST_PROGRAMS {
            programs.clear();
        }
        let compiled = Arc::new(compiled);
        programs.insert(expression.to_owned(), Arc::clone(&compiled));
        compiled
    }
}

impl Verdict {
    /// What a binding makes of the validations that do not hold.
    fn add(&mut self, by: &str, binding: &Value, failed: Vec<Failed>) {
        for Failed { message, reason } in failed {
            if acts(binding, "Warn") {
                self.warnings.push(format!("Validation failed for {by}: {message}"));
            }
            if acts(binding, "Deny") {
                self.denials.push(Denial { by: by.to_owned(), message, reason });
            }
        }
    }
}
