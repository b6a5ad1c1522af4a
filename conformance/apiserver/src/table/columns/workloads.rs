//! How the columns of workloads and of what they run on are headed.

use super::{AGE, Column, NAME, number, text, wide};

pub(in crate::table) const PODS: &[Column] = &[
    NAME,
    text("Ready", "The aggregate readiness state of this pod for accepting traffic."),
    text("Status", "The aggregate status of the containers in this pod."),
    text(
        "Restarts",
        "The number of times the containers in this pod have been restarted and when the last \
         container in this pod has restarted.",
    ),
    AGE,
    wide(
        "IP",
        "podIP address allocated to the pod. Routable at least within the cluster. Empty if not \
         yet allocated.",
    ),
    wide(
        "Node",
        "NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate \
         for scheduling by the scheduler defined in schedulerName. Once this field is set, the \
         kubelet for this node becomes responsible for the lifecycle of this pod. This field \
         should not be used to express a desire for the pod to be scheduled on a specific node. \
         https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename",
    ),
    wide(
        "Nominated Node",
        "nominatedNodeName is set only when this pod preempts other pods on the node, but it \
         cannot be scheduled right away as preemption victims receive their graceful termination \
         periods. This field does not guarantee that the pod will be scheduled on this node. \
         Scheduler may decide to place the pod elsewhere if other nodes become available sooner. \
         Scheduler may also decide to give the resources on this node to a higher priority pod \
         that is created after preemption. As a result, this field may be different than \
         PodSpec.nodeName when the pod is scheduled.",
    ),
    wide(
        "Readiness Gates",
        "If specified, all readiness gates will be evaluated for pod readiness. A pod is ready \
         when all its containers are ready AND all conditions specified in the readiness gates \
         have status equal to \"True\" More info: \
         https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates",
    ),
];

pub(in crate::table) const NODES: &[Column] = &[
    NAME,
    text("Status", "The status of the node"),
    text("Roles", "The roles of the node"),
    AGE,
    text("Version", "Kubelet Version reported by the node."),
    wide(
        "Internal-IP",
        "List of addresses reachable to the node. Queried from cloud provider, if available. More \
         info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field \
         is declared as mergeable, but the merge key is not sufficiently unique, which can cause \
         data corruption when it is merged. Callers should instead use a full-replacement patch. \
         See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can \
         change during the lifetime of a Node. However, there are some exceptions where this may \
         not be possible, such as Pods that inherit a Node's address in its own status or \
         consumers of the downward API (status.hostIP).",
    ),
    wide(
        "External-IP",
        "List of addresses reachable to the node. Queried from cloud provider, if available. More \
         info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field \
         is declared as mergeable, but the merge key is not sufficiently unique, which can cause \
         data corruption when it is merged. Callers should instead use a full-replacement patch. \
         See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can \
         change during the lifetime of a Node. However, there are some exceptions where this may \
         not be possible, such as Pods that inherit a Node's address in its own status or \
         consumers of the downward API (status.hostIP).",
    ),
    wide(
        "OS-Image",
        "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).",
    ),
    wide(
        "Kernel-Version",
        "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).",
    ),
    wide(
        "Container-Runtime",
        "ContainerRuntime Version reported by the node through runtime remote API (e.g. \
         containerd://1.4.2).",
    ),
];

pub(in crate::table) const DEPLOYMENTS: &[Column] = &[
    NAME,
    text("Ready", "Number of the pod with ready state"),
    text(
        "Up-to-date",
        "Total number of non-terminating pods targeted by this deployment that have the desired \
         template spec.",
    ),
    text(
        "Available",
        "Total number of available non-terminating pods (ready for at least minReadySeconds) \
         targeted by this deployment.",
    ),
    AGE,
    wide("Containers", "Names of each container in the template."),
    wide("Images", "Images referenced by each container in the template."),
    wide(
        "Selector",
        "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the \
         ones affected by this deployment. It must match the pod template's labels.",
    ),
];

pub(in crate::table) const REPLICA_SETS: &[Column] = &[
    NAME,
    number(
        "Desired",
        "Replicas is the number of desired pods. This is a pointer to distinguish between explicit \
         zero and unspecified. Defaults to 1. More info: \
         https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
    ),
    number(
        "Current",
        "Replicas is the most recently observed number of non-terminating pods. More info: \
         https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
    ),
    number(
        "Ready",
        "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition.",
    ),
    AGE,
    wide("Containers", "Names of each container in the template."),
    wide("Images", "Images referenced by each container in the template."),
    wide(
        "Selector",
        "Selector is a label query over pods that should match the replica count. Label keys and \
         values that must match in order to be controlled by this replica set. It must match the \
         pod template's labels. More info: \
         https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
    ),
];

pub(in crate::table) const STATEFUL_SETS: &[Column] = &[
    NAME,
    text("Ready", "Number of the pod with ready state"),
    AGE,
    wide("Containers", "Names of each container in the template."),
    wide("Images", "Images referenced by each container in the template."),
];

pub(in crate::table) const DAEMON_SETS: &[Column] = &[
    NAME,
    number(
        "Desired",
        "The total number of nodes that should be running the daemon pod (including nodes \
         correctly running the daemon pod). More info: \
         https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
    ),
    number(
        "Current",
        "The number of nodes that are running at least 1 daemon pod and are supposed to run the \
         daemon pod. More info: \
         https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
    ),
    number(
        "Ready",
        "numberReady is the number of nodes that should be running the daemon pod and have one or \
         more of the daemon pod running with a Ready Condition.",
    ),
    number("Up-to-date", "The total number of nodes that are running updated daemon pod"),
    number(
        "Available",
        "The number of nodes that should be running the daemon pod and have one or more of the \
         daemon pod running and available (ready for at least spec.minReadySeconds)",
    ),
    text(
        "Node Selector",
        "NodeSelector is a selector which must be true for the pod to fit on a node. Selector \
         which must match a node's labels for the pod to be scheduled on that node. More info: \
         https://kubernetes.io/docs/concepts/configuration/assign-pod-node/",
    ),
    AGE,
    wide("Containers", "Names of each container in the template."),
    wide("Images", "Images referenced by each container in the template."),
    wide(
        "Selector",
        "A label query over pods that are managed by the daemon set. Must match in order to be \
         controlled. It must match the pod template's labels. More info: \
         https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
    ),
];

pub(in crate::table) const SERVICES: &[Column] = &[
    NAME,
    text(
        "Type",
        "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are \
         ExternalName, ClusterIP, NodePort, and LoadBalancer. \"ClusterIP\" allocates a \
         cluster-internal IP address for load-balancing to endpoints. Endpoints are determined by \
         the selector or if that is not specified, by manual construction of an Endpoints object \
         or EndpointSlice objects. If clusterIP is \"None\", no virtual IP is allocated and the \
         endpoints are published as a set of endpoints rather than a virtual IP. \"NodePort\" \
         builds on ClusterIP and allocates a port on every node which routes to the same endpoints \
         as the clusterIP. \"LoadBalancer\" builds on NodePort and creates an external \
         load-balancer (if supported in the current cloud) which routes to the same endpoints as \
         the clusterIP. \"ExternalName\" aliases this service to the specified externalName. \
         Several other fields do not apply to ExternalName services. More info: \
         https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types",
    ),
    text(
        "Cluster-IP",
        "clusterIP is the IP address of the service and is usually assigned randomly. If an \
         address is specified manually, is in-range (as per system configuration), and is not in \
         use, it will be allocated to the service; otherwise creation of the service will fail. \
         This field may not be changed through updates unless the type field is also being changed \
         to ExternalName (which requires this field to be blank) or the type field is being \
         changed from ExternalName (in which case this field may optionally be specified, as \
         describe above).  Valid values are \"None\", empty string (\"\"), or a valid IP address. \
         Setting this to \"None\" makes a \"headless service\" (no virtual IP), which is useful \
         when direct endpoint connections are preferred and proxying is not required.  Only \
         applies to types ClusterIP, NodePort, and LoadBalancer. If this field is specified when \
         creating a Service of type ExternalName, creation will fail. This field will be wiped \
         when updating a Service to type ExternalName. More info: \
         https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
    ),
    text(
        "External-IP",
        "externalIPs is a list of IP addresses for which nodes in the cluster will also accept \
         traffic for this service.  These IPs are not managed by Kubernetes.  The user is \
         responsible for ensuring that traffic arrives at a node with this IP.  A common example \
         is external load-balancers that are not part of the Kubernetes system.",
    ),
    text(
        "Port(s)",
        "The list of ports that are exposed by this service. More info: \
         https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
    ),
    AGE,
    wide(
        "Selector",
        "Route service traffic to pods with label keys and values matching this selector. If empty \
         or not present, the service is assumed to have an external process managing its \
         endpoints, which Kubernetes will not modify. Only applies to types ClusterIP, NodePort, \
         and LoadBalancer. Ignored if type is ExternalName. More info: \
         https://kubernetes.io/docs/concepts/services-networking/service/",
    ),
];
