--- A second way between pods beside the cluster's own: connections to certain ports take it, all others do not.
local ways = {}

local pods, calico = require "pods", require "calico"

--- Ports that ranks listen on for the second way, and the table of routes that it has.
local first, last, table_of_routes = 20000, 20999, 4242

--- The cluster's own way, by what `labkit run ex2` made on this machine.
local function own()
    return cluster.network() or "routed"
end

--- The other one, of those that labkit makes. What somebody else made has none beside it.
local others = { routed = "vxlan", vxlan = "routed" }

--- A unit that makes it, now and at every boot.
function ways.beside()
    local other = others[own()]
    if not other then
        return
    end
    local up, down = pods.commands(other, table_of_routes)
    if other == "vxlan" then
        -- What comes by it would be answered by the other way, but for these ports.
        table.insert(up, "sysctl -q -w net.ipv4.conf.vxlan/labkit.rp_filter=2")
    end
    for _, direction in ipairs { "dport", "sport" } do
        local rule = ("%s ipproto tcp %s %d-%d lookup %d"):format("pref 42", direction, first, last, table_of_routes)
        table.insert(up, "-ip rule del " .. rule)
        table.insert(up, "ip rule add " .. rule)
        table.insert(down, "-ip rule del " .. rule)
    end
    pods.unit("labkit-ways.service", "Another way to pods of other nodes", up, down)
end

--- All that there are, the cluster's own first.
function ways.kinds()
    return { own(), others[own()] }
end

--- The device of this node that each of them crosses or must not cross, and the machines' own network; Calico's by what it is
--- said to wrap packets in.
function ways.through(encapsulation)
    local function crosses(device, yes)
        return { { device = device, crosses = yes } }
    end
    if others[own()] then
        local vxlan = pods.device "vxlan"
        return { host = crosses(vxlan, false), routed = crosses(vxlan, false), vxlan = crosses(vxlan, true) }
    end
    if own() ~= "calico" then
        error(("what packets cross in `%s` is not known, so that nothing could be proved of it; `labkit run ex2` makes others"):format(own()), 0)
    end
    local under = pods.under()
    local device = calico.way(encapsulation, under).through
    return { host = device ~= under and crosses(device, false) or nil, calico = crosses(device, true) }
end

--- What makes ranks take a way.
function ways.mca(kind)
    if kind == own() then
        return nil
    end
    return { btl_tcp_port_min_v4 = tostring(first), btl_tcp_port_range_v4 = tostring(last - first + 1) }
end

return ways
