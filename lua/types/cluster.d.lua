---@meta

--- Kubernetes on the machines of the lab (/etc/labkit/lab.toml). Token, certificate authority and its pin follow from the
--- lab secret, so that nodes join without anything being handed over, and in any order.
---@class cluster
cluster = {}

---@class ClusterCalico
---@field encapsulation "none"|"cross-subnet"|"ipip"|"vxlan"  what packets between nodes are wrapped in
---@field anyway boolean?  apply it although some of its pods do not fit the nodes that are there; false unless given
---@field manifest string?  upstream's calico.yaml, as text: `bundle.file "calico.yaml"`
---@field path string?  a file that has it; either this or `manifest`
---@field patience integer?  seconds to wait for the API server; 900 unless given

---@class ClusterJoin
---@field runtime "containerd"|"cri-o"|nil  `"containerd"` unless given
---@field cgroups "systemd"|"cgroupfs"  who moves processes into control groups: the same as the runtime's

---@class ClusterProve
---@field case string  name of the pod network; with the node it leads to, each proof is kept under it: `"routed to node01"`
---@field through string  device of this node that packets to pods of other nodes cross
---@field mtu integer  bytes that a packet between pods may have
---@field under string?  device of the lab's network, which is listened on: packets are to cross it as the pods sent them
---@field wrapped ClusterWrapped?  or in this VXLAN
---@field patience integer?  seconds to wait for the pods; 300 unless given

---@class ClusterWrapped
---@field vni integer
---@field port integer  UDP, of the destination

---@class ClusterReady
---@field runtime "containerd"|"cri-o"|nil  what each node is to have; `"containerd"` unless given
---@field patience integer?  seconds; 900 unless given
---@field daemon string?  DaemonSet of kube-system that must be ready on each node besides: `"calico-node"`

---@class ClusterHplPods
---@field file string?  manifest of the pods; the one that is built in, with a pod for each of three nodes, unless given
---@field image string?  in place of the manifest's
---@field host_network boolean?  on the network of their machines; false unless given
---@field sshd boolean?  they run sshd as root, for `agent = "ssh"`; false unless given
---@field anyway boolean?  apply them although they do not fit the nodes; false unless given
---@field patience integer?  seconds to wait until they run; 600 unless given

---@class HplPod
---@field name string  of the node that it is on
---@field address string
---@field pod string  `"NAMESPACE/NAME"`

---@class Subnet
---@field name string  of the node
---@field address string  of the node, in the lab's network
---@field subnet string  addresses of its pods: `"10.17.1.0/24"`

--- Calico as the pods' network, on the master for all nodes: upstream's manifest, with the lab's `pod_cidr`, the nodes'
--- addresses in the lab, and the encapsulation that is asked for. Whatever else is in the manifest stays as it is.
---
--- Fails where the manifest lacks what is to be changed, with the object that lacks it.
---@param args ClusterCalico
---@return boolean changed
function cluster.calico(args) end

--- Whether this machine can become a node: the lab secret is there, a master has two CPUs and 1700 MB, the disk has room,
--- nobody listens on the cluster's ports. Nothing is looked at where it is one already.
---
--- Fails with all that is against it.
function cluster.check() end

--- Tells, on the master, what pods ask of each node, and whether that is more than would be left without the largest.
function cluster.fit() end

--- Pods that MPI jobs run in, on the master for all nodes: looked at whether they fit, applied, and waited for. They have no
--- rights, and labkit of their node is in them. Gives them as `bench.hpcc` takes hosts; nothing on other nodes, and where
--- nothing is measured.
---
--- Fails where they do not fit the nodes, with numbers, and where one does not come up, with the reason.
---@param args ClusterHplPods
---@return HplPod[]
function cluster.hpl_pods(args) end

--- This machine as a node of the cluster: `kubeadm init` on the master, `kubeadm join` elsewhere. A worker waits until the
--- master is there. What was begun and cut short is finished, or taken away and begun anew.
---
--- Fails where the machine is in a cluster of another lab secret, unless the run is told `--force`, and where kubeadm
--- refuses: with what it said, and the remedy where there is one.
---@param args ClusterJoin
---@return boolean changed
function cluster.member(args) end

--- Which network this machine's pods have, by what is on it: `"routed"`, `"vxlan"`, `"calico"`, the name of another's
--- configuration, or nothing.
---@return string?
function cluster.network() end

--- The image whose process keeps a pod's namespaces, as the kubeadm of this machine names it.
---
--- Fails where kubeadm is not installed.
---@return string
function cluster.pause_image() end

--- A pod on each node, and echoes from this node's pod to that of every other: all come back, over the device that is
--- named, wrapped as is meant, by as many routers as are meant, as whole as the MTU allows. The other pod greets over TCP,
--- and so does a pod behind the service `hello`, which the cluster's name service knows. Where that does not hold, the run is
--- invalid.
---
--- Fails where a pod does not come up, with the reason that its kubelet gives.
---@param args ClusterProve
---@return boolean holds
function cluster.prove(args) end

--- Waits until the cluster is ready: on the master all nodes of the lab, elsewhere this one.
---
--- Fails where one is not by then, with what it lacks, and where a node is known by another address or runs another
--- runtime.
---@param args ClusterReady
function cluster.ready(args) end

--- Which addresses the pods of each node have: a /24 of `pod_cidr` for each, in the order of lab.toml.
---@return Subnet[]
function cluster.subnets() end
