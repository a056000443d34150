"""What tests/vagrant/up is made of: an enclosure, libvirt in it, and a lab that is brought up there."""
