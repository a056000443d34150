# What is against bringing machines up, told before anything is begun.

require_relative "host"
require_relative "neighbours"

module Labkit
  class Checks
    NETWORKS_CONF = "/etc/vbox/networks.conf".freeze
    # Since then VirtualBox keeps host-only networks to a range.
    RANGE_SINCE = "6.1.28".freeze
    # What hypervisors use for their own ends.
    OWN_NETWORKS = { "virtualbox" => "10.0.2.0/24", "qemu" => "10.0.2.0/24", "libvirt" => "192.168.121.0/24" }.freeze
    # MiB that a machine's disk grows by, and what a box takes of its file's size: unpacked, and imported.
    GROWTH = 2048
    UNPACKED = 4

    def initialize(project, machine)
      @project = project
      @lab = project.lab
      @machine = machine
      @provider = machine.provider_name.to_s
      @box = project.box(@provider)
    end

    # Raises what cannot be, says what is only bad.
    def run
      name
      addresses
      kept
      Neighbours.new(@machine.env.machine_index.to_a, @machine.env.root_path).refuse(@lab)
      box
      host
    end

    private

    def warn(text)
      @machine.ui.warn(text)
    end

    # What may be tried nevertheless.
    def host
      %i[virtualisation memory disk].each do |check|
        refusal = send(check) || next
        @project.settings.anyway? ? warn(refusal.to_s) : raise(refusal)
      end
      most = @lab.nodes.map(&:cpus).max
      warn("a machine is to have #{most} CPUs, and there are #{Host.cpus} here: it will be slow") if most > Host.cpus
    end

    # Hypervisors and their networks are given it as a part of their names.
    def name
      return if /\A[A-Za-z0-9][A-Za-z0-9_-]{0,39}\z/.match?(@lab.name)

      Labkit.refuse("the lab is called `#{@lab.name}`, and its machines cannot be named after it",
                    "call it by at most 40 letters, digits, `-` and `_`")
    end

    def addresses
      @lab.nodes.each { |node| address(node) }
      own = Cidr.parse(OWN_NETWORKS.fetch(@provider))
      %i[network pod_cidr service_cidr].each do |key|
        next unless @lab[key].overlaps?(own)

        Labkit.refuse("`#{key}` #{@lab[key]} overlaps #{own}, which #{@provider} uses itself", "choose another network")
      end
    end

    def address(node)
      network = @lab.network
      taken = { network.first => "the network itself", network.nth(1) => "this host's own address there",
                network.last => "the broadcast address" }
      why = "is no IPv4 address" unless node.address.ipv4?
      why ||= "is not in #{network}" unless network.include?(node.address)
      why ||= "is #{taken[node.address]}" if taken.key?(node.address)
      Labkit.refuse("#{node.name}: #{node.address} #{why}", "give it another address") if why

      allowed(node) if @provider == "virtualbox"
    end

    # The rule of VirtualBox that Vagrant would tell of only once the machine is made.
    def allowed(node)
      version = Gem::Version.new(@machine.provider.driver.version)
      is_free = Host.system == :windows || (Host.system == :macos && version >= Gem::Version.new("7"))
      return if is_free || version < Gem::Version.new(RANGE_SINCE)

      networks = [IPAddr.new("192.168.56.0/21")]
      networks = Host.allowed_networks(File.read(NETWORKS_CONF)) if File.exist?(NETWORKS_CONF)
      return if networks.any? { |network| network.include?(node.address) }

      ranges = networks.map { |network| "#{network}/#{network.prefix}" }.join(", ")
      Labkit.refuse("#{node.name}: VirtualBox has no network with #{node.address}: it allows only #{ranges}",
                    "choose addresses there, or allow others: a line `* #{@lab.network}` in #{NETWORKS_CONF}")
    end

    # Machines that are there already have the secret and the addresses that they were made with.
    def kept
      refuse_unknown if !@project.handover.known? && @lab.nodes.any? { |node| @project.made?(node.name) }
      kept = @project.handover.lab
      kept&.nodes&.each do |was|
        node = @lab.node(was.name)
        next if !@project.made?(was.name) || (node && node.address == was.address && kept.name == @lab.name)

        Labkit.refuse("#{was.name} of lab `#{kept.name}` was made with #{was.address}, and the lab is to be another",
                      "`vagrant destroy` first, or leave LABKIT_NETWORK and lab.toml as they were")
      end
    end

    def refuse_unknown
      Labkit.refuse("there are machines, and #{@project.handover.secret}, which they have, is gone",
                    "put it back, or `vagrant destroy` first")
    end

    def box
      architecture = @box.architecture
      if architecture && architecture != Host.architecture
        Labkit.refuse("#{@box.file} is for #{architecture}, which this computer cannot run: it is #{Host.architecture}",
                      "get the box for #{Host.architecture} (images/build makes both)")
      end
      warn_of_old_box if @box.file
      @project.program.check(method(:warn)) unless @box.is_baked
    end

    # Vagrant keeps a copy of a box, and does not look whether the file is another one by now.
    def warn_of_old_box
      copies = Boxes.installed(@machine.env.home_path.to_s, Boxes::FORMATS.fetch(@provider))
      return if copies.empty? || copies.map { |copy| File.mtime(copy) }.max >= File.mtime(@box.file)

      warn("#{@box.file} is newer than Vagrant's copy of it, which is used: for the new one, `vagrant destroy`, and " \
           "then `vagrant box remove #{Boxes::NAME} --all`")
    end

    def virtualisation
      return if @provider != "virtualbox" && @project.settings.driver == "qemu"

      why = Host.without_virtualisation(@provider)
      return if why.nil?

      slow = @provider == "virtualbox" ? "" : "; LABKIT_DRIVER=qemu runs them by software, ten times as slowly"
      Refusal.new("this computer cannot run machines: #{why}",
                  "switch it on (VT-x, AMD-V or SVM in the firmware)#{slow}; #{anyway}")
    end

    def memory
      wanted = starting.sum(&:memory)
      free = Host.free_memory
      return if free.nil? || free >= wanted

      Refusal.new("#{starting.map(&:name).join(", ")} need #{wanted} MiB of memory, and #{free} MiB are free here",
                  "end other programs, or have smaller machines: LABKIT_MEMORY=#{smaller(free)}; #{anyway}")
    end

    # MiB that each of the machines could have.
    def smaller(free)
      [free / starting.length / 256 * 256, 512].max
    end

    def disk
      made = @lab.nodes.count { |node| !@project.made?(node.name) }
      home = @machine.env.home_path.to_s
      needs = [[*machines_room, GROWTH * made]]
      needs.push([home, Host.free_disk(home), UNPACKED * File.size(@box.file) / Host::MIB]) if unpacks?
      where, free, wanted = needs.find { |_, free, wanted| free && free < wanted }
      return unless where

      Refusal.new("the lab needs about #{wanted} MiB of disk in #{where}, and #{free} MiB are free there",
                  "make room there, or see docs/vagrant.md for how to have it elsewhere; #{anyway}")
    end

    def anyway
      "LABKIT_ANYWAY=1 tries it nevertheless"
    end

    def unpacks?
      @box.file && Boxes.installed(@machine.env.home_path.to_s, Boxes::FORMATS.fetch(@provider)).empty?
    end

    # Where the hypervisor keeps machines, and MiB that are free there; nothing where it does not say.
    def machines_room
      return libvirt_room if @provider == "libvirt"

      dir = @provider == "virtualbox" ? @machine.provider.driver.read_machine_folder : @machine.env.local_data_path.to_s
      [dir, Host.free_disk(dir)]
    end

    def libvirt_room
      pool = @machine.provider_config.storage_pool_name
      connection = @machine.provider.driver.connection.client
      ["libvirt's pool #{pool}", connection.lookup_storage_pool_by_name(pool).info.available / Host::MIB]
    rescue Libvirt::Error, Vagrant::Errors::VagrantError
      # Whoever makes the machine will say it.
      ["libvirt's pool #{pool}", nil]
    end

    # Machines that this command is to start: those that it names, or all; without those that run.
    def starting
      @starting ||= begin
        named = @lab.nodes.select { |node| ARGV.include?(node.name) }
        (named.empty? ? @lab.nodes : named).reject { |node| @project.runs?(node.name, @machine) }
      end
    end
  end
end
