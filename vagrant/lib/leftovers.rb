# What a provider keeps of a box, so that the next machine is made faster: it goes with the last one.

module Labkit
  module Leftovers
    module_function

    def remove(machine)
      case machine.provider_name
      when :virtualbox then remove_original(machine)
      when :libvirt then remove_volumes(machine)
      end
    end

    # The machine that linked clones are made of. VirtualBox refuses while another lab has clones of it.
    def remove_original(machine)
      id = machine.box&.directory&.join("master_id")
      machine.provider.driver.execute_command(["unregistervm", id.read.chomp, "--delete"]) if id&.file?
    rescue Vagrant::Errors::VBoxManageError => e
      machine.ui.detail("VirtualBox keeps what machines are cloned from: #{e.message.lines.last}")
    end

    # The box as a volume, but for one that another lab's disks are built on.
    def remove_volumes(machine)
      connection = machine.provider.driver.connection.client
      pool = connection.lookup_storage_pool_by_name(machine.provider_config.storage_pool_name)
      volumes = pool.list_volumes.map { |name| pool.lookup_volume_by_name(name) }
      used = volumes.map { |volume| volume.xml_desc[%r{<backingStore>.*?<path>(.*?)</path>}m, 1] }
      prefix = "#{machine.config.vm.box.gsub("/", "-VAGRANTSLASH-")}_vagrant_box_image_"
      volumes.select { |volume| volume.name.start_with?(prefix) && !used.include?(volume.path) }.each(&:delete)
    rescue Libvirt::Error => e
      machine.ui.detail("libvirt keeps the box as a volume: #{e.message}")
    end
  end
end
