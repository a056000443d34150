--- Do three machines become a Kubernetes cluster, do its pods reach each other by the way that is meant, and what do they compute?
local machine, offline, pods = require "machine", require "offline", require "pods"
local calico, runtime, hpcc = require "calico", require "runtime", require "hpcc"
local params = {
    network = { default = "routed", help = "how pods of different machines reach each other", one_of = { "routed", "vxlan", "calico" } },
    encapsulation = calico.param,
    manifest = { default = "", help = "file with upstream's calico.yaml; the one of the bundle unless given" },
    anyway = { default = false, help = "apply pods that do not fit the nodes" },
    runtime = { default = "containerd", help = "what runs containers", one_of = { "containerd", "cri-o" } },
    address = { default = "127.0.0.1:5000", help = "where each machine serves the bundle to itself, where there is one" },
    hpl = { default = true, help = "run HPCC in a pod on each node once they are proved" },
    pods = { default = "", help = "manifest of those pods; the one that is built in unless given" },
    agent = {
        default = "labkit",
        help = "what begins Open MPI's daemons in them; ssh has them run sshd as root, as the report had it",
        one_of = { "labkit", "ssh" },
    },
    image = { default = "localhost/hpcc:1", help = "their image, which has hpcc and Open MPI" },
}

for name, param in pairs(hpcc.params) do
    params[name] = param
end
lab.params(params)

local kind, address, chosen = lab.p.network, lab.p.address, lab.p.runtime
local is_calico = kind == "calico"

-- Better now than in the midst of it.
cluster.check {}

lab.phase "machine"
-- What every node of a cluster needs.
machine.names()
machine.quiet()
machine.kernel()

-- What kube-proxy sets by itself: said here, it goes back with the rest.
host.module "nf_conntrack"
host.sysctl {
    name = "60-labkit-cluster",
    values = {
        ["net.netfilter.nf_conntrack_tcp_timeout_close_wait"] = 3600,
        ["net.netfilter.nf_conntrack_tcp_timeout_established"] = 86400,
    },
}

lab.phase "packages"
-- Packages and images from the bundle, where there is one.
local is_offline = bundle.is_found()
if is_offline then
    offline.serve(address)
    offline.packages(address)
    if chosen == "cri-o" then
        offline.containers(address)
    else
        offline.containerd(address)
    end
end

-- What programs will leave goes again with `labkit undo`.
host.remains { paths = {
    "/etc/cni",
    "/etc/kubernetes",
    "/opt/cni",
    "/usr/libexec/kubernetes",
    "/var/lib/cni",
    -- A kubelet of before 1.24 that nobody has told anything yet makes this one.
    "/var/lib/dockershim",
    "/var/lib/etcd",
    "/var/lib/kubelet",
} }
host.remains { paths = runtime.remains[chosen] }
if is_calico then
    host.remains { paths = calico.remains }
end

-- Kubelets before 1.27 ask Amazon for credentials whenever they start, and wait six seconds for nobody.
host.file {
    path = "/etc/systemd/system/kubelet.service.d/20-labkit.conf",
    content = "[Service]\nEnvironment=AWS_EC2_METADATA_DISABLED=true\n",
}

-- Kubernetes itself. Nobody upgrades it behind the cluster's back.
local version = lab.nodes().versions.kubernetes or ""
local function wanted(name)
    -- `1.32.8-1.1` is a package's version, `1.32` only says which archive.
    return version:find "-" and name .. "=" .. version or name
end
local packages = { runtime.packages[chosen], "cri-tools", wanted "kubeadm", wanted "kubectl", wanted "kubelet" }
host.packages { install = table.move(packages, 1, #packages, #machine.packages + 1, { table.unpack(machine.packages) }) }
host.hold { packages = { "kubeadm", "kubectl", "kubelet" } }
machine.clock()

lab.phase "runtime"
-- The runtime, with the image that keeps a pod's namespaces, and who moves processes into control groups.
local cgroups = host.facts().cgroup == 2 and "systemd" or "cgroupfs"
if chosen == "cri-o" then
    runtime.cri_o(cgroups, is_calico and calico.network or pods.network)
else
    runtime.containerd(cgroups)
end

lab.phase "pod network"
-- The pods' network, before there is a pod; Calico brings its own, once there is a cluster.
if not is_calico then
    pods.bridge(kind)
    pods.ways(kind)
elseif lab.p.encapsulation == "ipip" then
    host.module "ipip"
end

lab.phase "kubeadm"
-- The cluster: begun on the master, joined everywhere else by what follows from the lab secret.
cluster.member { runtime = chosen, cgroups = cgroups }
host.service { unit = "kubelet.service", enabled = true }
if is_calico then
    calico.apply(lab.p.encapsulation, lab.p.manifest, lab.p.anyway)
end

lab.phase "ready"
cluster.ready { runtime = chosen, patience = lab.p.patience, daemon = is_calico and calico.daemon or nil }
cluster.fit {}

lab.phase "proof"
local way = is_calico and calico.way(lab.p.encapsulation, pods.under()) or {
    case = kind,
    through = pods.device(kind),
    mtu = pods.mtu[kind],
    under = pods.under(),
    wrapped = pods.wrapped[kind],
}
way.patience = lab.p.patience
cluster.prove(way)

-- A pod on each node, and in all of them what `labkit run base` measures on machines.
if lab.p.hpl then
    local image = lab.p.image == hpcc.image and bundle.image { name = hpcc.image, packages = hpcc.packages } or lab.p.image
    if lab.node().role == "master" then
        lab.phase "hpl pods"
        local file = lab.p.pods ~= "" and lab.p.pods or nil
        local hosts = cluster.hpl_pods {
            image = image,
            file = file,
            sshd = lab.p.agent == "ssh",
            anyway = lab.p.anyway,
            patience = lab.p.patience,
        }
        lab.phase "hpl"
        if #hosts > 0 then
            local job = { hosts = hosts, network = lab.nodes().pod_cidr, agent = lab.p.agent }
            bench.ready { job = job, patience = lab.p.patience }
            hpcc.report(lab.p.links > 0)
            hpcc.measure(hosts, lab.nodes().pod_cidr, lab.p.agent)
        end
    end
end
report.table { title = "How long each phase took", metric = "phase_s" }
