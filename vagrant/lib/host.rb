# What this computer has: architecture, CPUs, free memory and disk, hardware virtualisation.

require "etc"
require "ipaddr"
require "open3"
require "rbconfig"

module Labkit
  module Host
    MIB = 1 << 20

    module_function

    def system
      case RbConfig::CONFIG["host_os"]
      when /linux/ then :linux
      when /darwin/ then :macos
      when /mswin|mingw|cygwin/ then :windows
      else :other
      end
    end

    # `amd64` or `arm64`, as boxes name them: the computer's, not that of a Ruby which is translated for it.
    def architecture
      machine =
        case system
        when :windows then ENV["PROCESSOR_ARCHITEW6432"] || ENV["PROCESSOR_ARCHITECTURE"]
        when :macos then asked("sysctl", "-n", "hw.optional.arm64") == "1" ? "arm64" : "x86_64"
        else Etc.uname[:machine]
        end
      /arm64|aarch64/i.match?(machine.to_s) ? "arm64" : "amd64"
    end

    def cpus
      Etc.nprocessors
    end

    # MiB that programs could still have; nothing where it cannot be told.
    def free_memory
      case system
      when :linux then linux_memory(File.read("/proc/meminfo"))
      when :macos then macos_memory(asked("vm_stat").to_s)
      when :windows then mebibytes(powershell("(Get-CimInstance Win32_OperatingSystem).FreePhysicalMemory"), 1024)
      end
    end

    def linux_memory(meminfo)
      mebibytes(meminfo[/^MemAvailable:\s+(\d+) kB/, 1], 1024)
    end

    # What is free, and what the system keeps for no better use.
    def macos_memory(vm_stat)
      size = vm_stat[/page size of (\d+) bytes/, 1].to_i
      pages = %w[free inactive speculative purgeable].sum { |kind| vm_stat[/^Pages #{kind}:\s+(\d+)/, 1].to_i }
      pages * size / MIB if size.positive?
    end

    # MiB that are free where this path is, or would be; nothing where it cannot be told.
    def free_disk(path)
      path = File.dirname(path) until File.exist?(path)
      if system == :windows
        drive = File.expand_path(path)[/\A([A-Za-z]):/, 1] || return
        mebibytes(powershell("(Get-PSDrive #{drive}).Free"), MIB)
      else
        mebibytes(asked("df", "-Pk", path).to_s.lines.last.to_s.split[3], 1024)
      end
    end

    # From a number in another unit, of which this many are one; nothing from nothing.
    def mebibytes(number, each)
      number.to_i / each if /\A\d+\z/.match?(number.to_s)
    end

    # Why machines cannot run at full speed here, and what to do about it; nothing where they can.
    # `provider` tells who uses it: VirtualBox by a module of its own, libvirt as root, QEMU as this user.
    def without_virtualisation(provider)
      case system
      when :linux
        linux_virtualisation(File.read("/proc/cpuinfo")) || kvm("/dev/kvm", provider)
      when :macos
        "this Mac has no hypervisor: kern.hv_support is 0" unless asked("sysctl", "-n", "kern.hv_support") == "1"
      when :windows
        enabled = powershell("(Get-CimInstance Win32_Processor).VirtualizationFirmwareEnabled")
        hypervisor = powershell("(Get-CimInstance Win32_ComputerSystem).HypervisorPresent")
        "hardware virtualisation is switched off in the firmware" if enabled == "False" && hypervisor == "False"
      end
    end

    def linux_virtualisation(cpuinfo)
      flags = cpuinfo[/^flags\s*:(.*)/, 1]
      # ARM does not list it.
      return if flags.nil? || /\b(?:vmx|svm)\b/.match?(flags)

      is_guest = /\bhypervisor\b/.match?(flags)
      where = is_guest ? "this is a virtual machine itself" : "it may be switched off in the firmware"
      "its CPU has no hardware virtualisation (neither vmx nor svm in /proc/cpuinfo): #{where}"
    end

    def kvm(path, provider)
      return if provider == "virtualbox"
      return "there is no #{path}: the kernel module kvm_intel or kvm_amd is not loaded" unless File.exist?(path)

      "#{path} is not for this user, who is not in the group kvm" if provider == "qemu" && !File.writable?(path)
    end

    # Networks that VirtualBox lets a host-only network be in, by its /etc/vbox/networks.conf.
    def allowed_networks(text)
      entries = text.to_s.lines.map(&:strip).select { |line| line.start_with?("*") }
      entries.flat_map { |line| line.delete_prefix("*").split }.map { |network| IPAddr.new(network) }
    end

    # What a program prints; nothing where it fails or is not there.
    def asked(*argv)
      out, status = Open3.capture2(*argv, err: File::NULL)
      out.strip if status.success?
    rescue SystemCallError
      nil
    end

    def powershell(command)
      asked("powershell", "-NoProfile", "-NonInteractive", "-Command", command)
    end
  end
end
