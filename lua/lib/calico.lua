--- Calico as the pods' network, by what packets between nodes are wrapped in.
local calico = {}

--- The name that its plugin's configuration gives the network.
calico.network = "k8s-pod-network"

--- Its program on every node.
calico.daemon = "calico-node"

--- Directories that it makes and fills.
calico.remains = { "/run/calico", "/run/nodeagent", "/var/lib/calico", "/var/log/calico" }

--- The parameter of recipes that says what packets between nodes are wrapped in.
calico.param = {
    default = "cross-subnet",
    help = "what Calico wraps packets between nodes in",
    one_of = { "none", "cross-subnet", "ipip", "vxlan" },
}

--- Upstream's manifest, from where somebody has it or from the bundle.
function calico.apply(encapsulation, path, anyway)
    local args = { encapsulation = encapsulation, anyway = anyway }
    if path ~= "" then
        args.path = path
    elseif bundle.is_found() then
        args.manifest = bundle.file "calico.yaml"
    end
    cluster.calico(args)
end

--- Bytes that a packet between pods may have: Calico goes by what its pool may have to wrap packets in.
local mtu = { none = 1500, ["cross-subnet"] = 1450, ipip = 1480, vxlan = 1450 }

--- The device of a node that such packets cross, where it is not the lab's own.
local device = { ipip = "tunl0", vxlan = "vxlan.calico" }

--- The way between nodes as it is to be proved; `under` is this node's device in the lab's network.
function calico.way(encapsulation, under)
    return {
        case = "calico " .. encapsulation,
        through = device[encapsulation] or under,
        mtu = mtu[encapsulation],
        -- The tap knows packets in VXLAN from those in nothing, and none in IP.
        under = encapsulation ~= "ipip" and under or nil,
        wrapped = encapsulation == "vxlan" and { vni = 4096, port = 4789 } or nil,
    }
end

return calico
