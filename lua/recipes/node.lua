--- What does a machine need before it can be a node of a cluster?
lab.params {
    users = { default = "root", help = "users that may go from node to node by ssh, with commas between" },
}

local machine = require "machine"

machine.names()
machine.quiet()
machine.kernel()
host.packages { install = machine.packages }
machine.clock()

-- From node to node without a question, by keys that every node derives from the lab secret.
local users = {}
for user in lab.p.users:gmatch "[^,%s]+" do
    table.insert(users, user)
end
host.ssh { users = users }
