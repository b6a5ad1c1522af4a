use serde_json::{Value, json};

use super::{Access, Whom};
use crate::auth::User;
use crate::registry::{Caller, Registry, Strategy};
use crate::status::Status;
use crate::store::Store;

fn answer(whom: Whom, mut object: Value) -> Result<Value, Status> {
    let (store, registry, user) = (Store::new(), Registry::default(), User::anonymous());
    let by = Caller { user: &user, store: &store, registry: &registry, now: "" };
    Access(whom).complete(&mut object)?;
    Access(whom).answer(&by, &object).expect("reviews are answered")
}

#[test]
fn a_path_is_asked_for() {
    let asked = json!({"metadata": {}, "spec": {"nonResourceAttributes":
        {"path": "/version", "verb": "get"}}});
    let status = &answer(Whom::Caller, asked).unwrap()["status"];
    assert_eq!(status["allowed"], true);
    assert_eq!(
        status["reason"],
        "RBAC: allowed by ClusterRoleBinding \"system:public-info-viewer\" of ClusterRole \
         \"system:public-info-viewer\" to Group \"system:unauthenticated\""
    );
}

#[test]
fn a_review_says_whose_rights_and_which() {
    let asked = json!({"metadata": {"namespace": "n"}, "spec": {"resourceAttributes":
        {"namespace": "m", "verb": "get", "name": ""}, "nonResourceAttributes": {"verb": "get"}}});
    let refused = answer(Whom::InNamespace, asked).unwrap_err();
    assert_eq!(
        refused.message,
        ".authorization.k8s.io \"\" is invalid: [spec.nonResourceAttributes: Invalid value: \
         {\"Path\":\"\",\"Verb\":\"get\"}: cannot be specified in combination with \
         resourceAttributes, spec.user: Invalid value: \"\": at least one of user or group must \
         be specified, spec.resourceAttributes.namespace: Invalid value: \"m\": must match \
         metadata.namespace, spec.nonResourceAttributes: Invalid value: \
         {\"Path\":\"\",\"Verb\":\"get\"}: disallowed on this kind of request]"
    );
}
