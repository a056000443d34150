--- What does a machine need to take packages and images from the bundle, now and after each start?
lab.params {
    address = { default = "127.0.0.1:5000", help = "where each machine serves the bundle to itself" },
    containerd = { default = false, help = "tell containerd, whose configuration must be there, where its mirrors are named" },
}

local offline = require "offline"

offline.serve(lab.p.address)
offline.packages(lab.p.address)
offline.containers(lab.p.address)
offline.containerd(lab.p.address)
if lab.p.containerd then
    offline.tell_containerd()
end
