--- A second way between pods beside the cluster's own: connections to certain ports take it, all others do not.
local ways = {}

local pods = require "pods"

--- Ports that ranks listen on for the second way, and the table of routes that it has.
local first, last, table_of_routes = 20000, 20999, 4242

--- The cluster's own way, by what `labkit run ex2` made on this machine.
local function own()
    return cluster.network() or "routed"
end

--- The other one.
local function other()
    return own() == "vxlan" and "routed" or "vxlan"
end

--- A unit that makes it, now and at every boot.
function ways.beside()
    local up, down = pods.commands(other(), table_of_routes)
    if other() == "vxlan" then
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

--- Both, the cluster's own first.
function ways.kinds()
    return { own(), other() }
end

--- What makes ranks take a way.
function ways.mca(kind)
    if kind == own() then
        return nil
    end
    return { btl_tcp_port_min_v4 = tostring(first), btl_tcp_port_range_v4 = tostring(last - first + 1) }
end

return ways
