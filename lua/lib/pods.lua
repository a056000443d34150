--- How pods of different machines reach each other: a bridge on each node, and between the nodes routes or a VXLAN.
local pods = {}

local own_name = lab.node().name

--- The name of that network.
pods.network = "labkit"

--- Bytes that a packet between pods may have.
pods.mtu = { routed = 1500, vxlan = 1450 }

--- The VXLAN between nodes, where there is one.
pods.wrapped = { vxlan = { vni = 42, port = 4789 } }

--- The device of this node in the lab's network.
function pods.under()
    for _, one in ipairs(host.facts().addresses) do
        if one.address == lab.node().address then
            return one.dev
        end
    end
    -- Of a machine that is none of the lab's.
    return "‹lab›"
end

--- The device of a node that packets to pods of other nodes cross.
function pods.device(kind)
    return kind == "vxlan" and "vxlan.labkit" or pods.under()
end

local function mac(address)
    return ("02:42:%02x:%02x:%02x:%02x"):format(address:match "(%d+)%.(%d+)%.(%d+)%.(%d+)")
end

--- The bridge, which the runtime's plugins make with the first pod.
function pods.bridge(kind)
    for _, node in ipairs(cluster.subnets()) do
        if node.name == own_name then
            host.file { path = "/etc/cni/net.d/10-labkit.conflist", content = ([=[
{
    "cniVersion": "0.3.1",
    "name": "%s",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "cni0",
            "isGateway": true,
            "hairpinMode": true,
            "mtu": %d,
            "ipam": {
                "type": "host-local",
                "ranges": [[{ "subnet": "%s" }]],
                "routes": [{ "dst": "0.0.0.0/0" }]
            }
        },
        { "type": "portmap", "capabilities": { "portMappings": true } }
    ]
}
]=]):format(pods.network, pods.mtu[kind], node.subnet) }
        end
    end
end

--- The commands that make a way to the pods of all other nodes, and those that take it away again; in a table of routes of
--- its own where one is given.
function pods.commands(kind, routes)
    local up, down = {}, {}
    local nodes, vxlan = cluster.subnets(), pods.wrapped.vxlan
    local into = routes and (" table %d"):format(routes) or ""
    if kind == "vxlan" then
        table.insert(up, "-ip link del vxlan.labkit")
        for _, node in ipairs(nodes) do
            if node.name == own_name then
                local first = node.subnet:match "[^/]+"
                table.insert(up, ("ip link add vxlan.labkit address %s mtu %d type vxlan id %d dstport %d local %s nolearning")
                    :format(mac(node.address), pods.mtu.vxlan, vxlan.vni, vxlan.port, node.address))
                table.insert(up, ("ip addr add %s/32 dev vxlan.labkit"):format(first))
                table.insert(up, "ip link set vxlan.labkit up")
            end
        end
        table.insert(down, "-ip link del vxlan.labkit")
    end
    for _, node in ipairs(nodes) do
        if node.name ~= own_name and kind == "vxlan" then
            local first = node.subnet:match "[^/]+"
            table.insert(up, ("bridge fdb append %s dev vxlan.labkit dst %s"):format(mac(node.address), node.address))
            table.insert(up, ("ip neigh replace %s lladdr %s dev vxlan.labkit"):format(first, mac(node.address)))
            table.insert(up, ("ip route replace %s via %s dev vxlan.labkit onlink%s"):format(node.subnet, first, into))
        elseif node.name ~= own_name then
            table.insert(up, ("ip route replace %s via %s%s"):format(node.subnet, node.address, into))
            table.insert(down, ("-ip route del %s via %s%s"):format(node.subnet, node.address, into))
        end
    end
    return up, down
end

--- A unit that runs commands now and at every boot.
function pods.unit(name, description, up, down)
    local lines = { "[Unit]", "Description=" .. description, "Wants=network-online.target",
        "After=network-online.target", "", "[Service]", "Type=oneshot", "RemainAfterExit=yes" }
    if #up == 0 then
        return
    end
    for _, command in ipairs(up) do
        table.insert(lines, "ExecStart=" .. command)
    end
    for _, command in ipairs(down) do
        table.insert(lines, "ExecStop=" .. command)
    end
    table.insert(lines, "\n[Install]\nWantedBy=multi-user.target\n")
    local unit = "/etc/systemd/system/" .. name
    host.file { path = unit, content = table.concat(lines, "\n") }
    host.service { unit = name, enabled = true, reads = unit }
end

--- The way between nodes.
function pods.ways(kind)
    pods.unit("labkit-pods.service", "The way to pods of other nodes", pods.commands(kind))
end

return pods
