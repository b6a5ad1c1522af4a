use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{
    Attributes, Decision, Refused, Tokens, User, authorize, escalation, impersonate, refusal,
};
use crate::registry::{Caller, Registry};
use crate::status::GroupResource;
use crate::store::{Key, Store};

const GROUP: &str = "rbac.authorization.k8s.io";

/// A store with the ClusterRole `r` bound to the user `u` in the whole cluster.
fn store(rules: Value) -> Store {
    let store = Store::new();
    put(&store, "clusterroles", "", json!({"metadata": {"name": "r"}, "rules": rules}));
    put(
        &store,
        "clusterrolebindings",
        "",
        json!({
            "metadata": {"name": "b"},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "r"},
            "subjects": [{"kind": "User", "name": "u"}],
        }),
    );
    store
}

fn put(store: &Store, plural: &str, namespace: &str, object: Value) {
    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
    store.create(&Key::new(&GroupResource::new(GROUP, plural), namespace, &name), object).unwrap();
}

fn user(name: &str) -> User {
    User::of(name, &["system:authenticated"])
}

fn may(store: &Store, user: &User, request: Attributes<'_>) -> bool {
    matches!(authorize(store, user, &request), Decision::Allowed(_))
}

fn get<'a>(resource: &'a str, subresource: &'a str, name: &'a str) -> Attributes<'a> {
    Attributes { verb: "get", resource, subresource, name, ..Attributes::default() }
}

fn path(path: &str) -> Attributes<'_> {
    Attributes { verb: "get", path, ..Attributes::default() }
}

#[test]
fn a_token_file_as_kubernetes_reads_it() {
    let text = "t1,u1,id1,\"a,b\"\r\n\nt2,\"u,\"\"2\"\"\",\n,nobody,x\nt1,u3,id3\n";
    let tokens = Tokens::parse_csv(text).unwrap();
    let first = tokens.authenticate(Some("bearer t1")).unwrap();
    assert_eq!((first.name.as_str(), first.uid.as_str()), ("u3", "id3"));
    let second = tokens.authenticate(Some(" Bearer t2 ")).unwrap();
    assert_eq!((second.name.as_str(), second.uid.as_str()), ("u,\"2\"", ""));
    assert_eq!(second.groups, ["system:authenticated"]);
    for header in [None, Some(""), Some("Bearer "), Some("Bearer  t1"), Some("Basic t1")] {
        assert_eq!(tokens.authenticate(header).unwrap(), User::anonymous(), "{header:?}");
    }
    assert_eq!(tokens.authenticate(Some("Bearer t3")).unwrap_err().code, 401);
}

#[test]
fn a_broken_token_file_is_refused_by_line_and_without_a_token() {
    for text in ["a,b,c\nhush,x\n", "a,b,c\nhush,\"x\n", "a,b,c\nhush,x\"y,z", "\n\"hush\"x,y,z"] {
        let error = Tokens::parse_csv(text).unwrap_err();
        assert!(error.starts_with("line 2: ") && !error.contains("hush"), "{error}");
    }
}

#[test]
fn without_credentials_everybody_is_an_administrator_save_users_that_are_known() {
    let mut tokens = Tokens::none_needed();
    tokens.insert("hush", user("u"));
    for header in [None, Some("Bearer other"), Some("Basic x")] {
        assert_eq!(tokens.authenticate(header).unwrap(), User::admin());
    }
    assert_eq!(tokens.authenticate(Some("Bearer hush")).unwrap(), user("u"));
    let shown = format!("{tokens:?}");
    assert!(shown.contains("\"u\"") && !shown.contains("hush"), "{shown}");
}

#[test]
fn rules_name_resources_subresources_and_objects() {
    let store = store(json!([
        {"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "*/scale"],
         "resourceNames": []},
        {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["s"]},
        {"verbs": ["get"], "nonResourceURLs": ["/logs/*"]},
    ]));
    let u = user("u");
    let allowed = [
        get("pods", "", "a"),
        get("things", "scale", "a"),
        get("secrets", "", "s"),
        path("/logs/a"),
        path("/api/v1"),
    ];
    assert!(allowed.into_iter().all(|request| may(&store, &u, request)));
    let denied = [
        get("pods", "log", "a"),
        get("secrets", "", "t"),
        get("secrets", "", ""),
        Attributes { group: "apps", ..get("pods", "", "a") },
        Attributes { verb: "list", ..get("pods", "", "") },
        path("/logs"),
        path("/metrics"),
    ];
    assert!(!denied.into_iter().any(|request| may(&store, &u, request)));
    assert!(!may(&store, &user("v"), get("pods", "", "a")));
}

#[test]
fn a_binding_in_a_namespace_holds_there_alone() {
    let store = store(json!([]));
    put(
        &store,
        "roles",
        "n",
        json!({"metadata": {"name": "r", "namespace": "n"}, "rules": [
        {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}),
    );
    put(
        &store,
        "rolebindings",
        "n",
        json!({
        "metadata": {"name": "b", "namespace": "n"}, "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "a"}]}),
    );
    let account = user("system:serviceaccount:n:a");
    let there = Attributes { namespace: "n", ..get("pods", "", "p") };
    let reason = "RBAC: allowed by RoleBinding \"b/n\" of Role \"r\" to ServiceAccount \"a/n\"";
    assert_eq!(authorize(&store, &account, &there), Decision::Allowed(reason.to_owned()));
    assert!(!may(&store, &account, Attributes { namespace: "m", ..there }));
    assert!(!may(&store, &account, Attributes { namespace: "", ..there }));
}

#[test]
fn a_role_that_is_not_there_is_told() {
    let store = Store::new();
    put(
        &store,
        "clusterrolebindings",
        "",
        json!({
        "metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "gone"},
        "subjects": [{"kind": "Group", "name": "system:authenticated"}]}),
    );
    let request = get("pods", "", "");
    let Decision::Denied(why) = authorize(&store, &user("u"), &request) else {
        panic!("nobody gave this right");
    };
    assert_eq!(
        refusal(&user("u"), &request, &why).message,
        "pods is forbidden: User \"u\" cannot get resource \"pods\" in API group \"\" at the \
         cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found"
    );
}

#[test]
fn what_a_cluster_gives_without_being_asked() {
    let store = Store::new();
    let review = Attributes {
        verb: "create",
        group: "authentication.k8s.io",
        resource: "selfsubjectreviews",
        ..Attributes::default()
    };
    assert!(may(&store, &user("u"), review) && may(&store, &user("u"), path("/openapi/v3")));
    assert!(!may(&store, &User::anonymous(), review));
    assert!(may(&store, &User::anonymous(), path("/readyz")));
    assert!(!may(&store, &User::anonymous(), path("/apis")));
    assert!(!may(&store, &user("u"), path("/readyz/ping")));
}

#[test]
fn speaking_for_an_account_and_with_more() {
    let headers: HeaderMap = [
        ("impersonate-user", "system:serviceaccount:n:a"),
        ("impersonate-uid", "id"),
        ("impersonate-extra-a.example.com%2Fk", "v"),
    ]
    .into_iter()
    .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_static(value)))
    .collect();
    let (store, admin) = (Store::new(), User::admin());
    let account = impersonate(&store, admin, &headers, "/").unwrap();
    let groups = ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"];
    assert_eq!(account.name, "system:serviceaccount:n:a");
    assert_eq!(account.groups, groups);
    assert_eq!(account.uid, "id");
    assert_eq!(account.extra["a.example.com/k"], ["v"]);
    let refused = impersonate(&store, user("u"), &headers, "/").unwrap_err();
    let Refused::Status(status) = refused else { panic!("a status is due") };
    assert_eq!(
        status.message,
        "serviceaccounts \"a\" is forbidden: User \"u\" cannot impersonate resource \
         \"serviceaccounts\" in API group \"\" in the namespace \"n\""
    );
}

/// What is said to `u`, who may get and list pods, of a new role.
fn refused_role(rules: Value) -> Option<String> {
    let own = json!([{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]);
    let (store, registry, user) = (store(own), Registry::default(), user("u"));
    let by = Caller { user: &user, store: &store, registry: &registry, now: "" };
    let role = json!({"metadata": {"name": "x", "namespace": "n"}, "rules": rules});
    let refused = escalation::role(&by, &GroupResource::new(GROUP, "roles"), &role, None);
    refused.err().map(|status| status.message)
}

#[test]
fn rights_that_are_lacking_are_listed_together() {
    let held = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"],
        "resourceNames": ["p"]}]);
    assert_eq!(refused_role(held), None);
    let more = json!([
        {"verbs": ["get"], "nonResourceURLs": ["/x"]},
        {"verbs": ["get", "delete", "watch"], "apiGroups": ["", "apps"], "resources": ["pods"]},
    ]);
    let message = refused_role(more).unwrap();
    let (_, lacking) = message.split_once('\n').unwrap();
    assert_eq!(
        lacking,
        "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\" \"watch\"]}\n\
         {APIGroups:[\"apps\"], Resources:[\"pods\"], Verbs:[\"get\" \"delete\" \"watch\"]}\n\
         {NonResourceURLs:[\"/x\"], Verbs:[\"get\"]}"
    );
}

#[test]
fn a_binding_needs_the_rights_of_its_role_or_the_right_to_bind_it() {
    let bind = json!([{"verbs": ["bind"], "apiGroups": [GROUP], "resources": ["clusterroles"],
        "resourceNames": ["cluster-admin"]}]);
    let (store, registry, user) = (store(bind), Registry::default(), user("u"));
    let by = Caller { user: &user, store: &store, registry: &registry, now: "" };
    let bindings = GroupResource::new(GROUP, "clusterrolebindings");
    let code = |role: &str| {
        let reference = json!({"apiGroup": GROUP, "kind": "ClusterRole", "name": role});
        let binding = json!({"metadata": {"name": "x"}, "roleRef": reference});
        escalation::binding(&by, &bindings, &binding, None).err().map(|status| status.code)
    };
    assert_eq!(code("cluster-admin"), None);
    assert_eq!(code("r"), None);
    assert_eq!(code("system:monitoring"), Some(403));
    assert_eq!(code("gone"), Some(404));
}
