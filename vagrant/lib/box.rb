# Boxes: the baked one, which has labkit and its bundle in it, or a stock one.

require "json"
require "rubygems/package"
require "zlib"

require_relative "host"
require_relative "refusal"

module Labkit
  # `file` is nothing where Vagrant has the box already, or fetches it; `architecture` where nobody says.
  Box = Struct.new(:name, :file, :architecture, :is_baked, keyword_init: true) do
    def url
      file && "file://#{file}"
    end
  end

  module Boxes
    NAME = "labkit".freeze
    # For VirtualBox on amd64 and on arm64.
    STOCK = "bento/ubuntu-24.04".freeze
    # Which box a provider takes.
    FORMATS = { "virtualbox" => "virtualbox", "libvirt" => "libvirt", "qemu" => "libvirt" }.freeze

    module_function

    # The box for a provider: what the environment names, or a file beside the Vagrantfile or where images/build leaves
    # it, or the one that Vagrant has under labkit's name, or a stock one.
    def find(provider, dir, named, home)
      is_name = named && !named.end_with?(".box") && !File.file?(named)
      return Box.new(name: named, is_baked: named.start_with?(NAME)) if is_name

      format = FORMATS.fetch(provider)
      file, metadata = choose(files(dir, named).map { |path| [File.expand_path(path), metadata(path)] }, format)
      return Box.new(name: NAME, file: file, architecture: metadata["architecture"], is_baked: true) if file

      is_there = !installed(home, format).empty?
      Box.new(name: is_there ? NAME : STOCK, is_baked: is_there)
    end

    # One of this format, for this host's architecture if there is any.
    def choose(found, format)
      fitting = found.select { |_, metadata| metadata["provider"] == format }
      fitting.find { |_, metadata| [nil, Host.architecture].include?(metadata["architecture"]) } || fitting.first
    end

    def files(dir, named)
      return Dir[File.join(dir, "*.box"), File.join(dir, "../images/out/*.box")].sort unless named

      found = [named, File.join(dir, named)].find { |path| File.file?(path) }
      Labkit.refuse("LABKIT_BOX=#{named}: there is no such file", "give its path, or the name of a box") unless found
      [found]
    end

    # Where Vagrant keeps boxes of labkit's name in this format; since 2.4 the architecture is part of the path.
    def installed(home, format)
      Dir[File.join(home, "boxes", NAME, "*", "{,*/}#{format}", "metadata.json")]
    end

    # metadata.json of a box, which is a tar.gz.
    def metadata(path)
      Zlib::GzipReader.open(path) do |unpacked|
        files = Gem::Package::TarReader.new(unpacked)
        entry = files.find { |file| file.full_name.delete_prefix("./") == "metadata.json" }
        return JSON.parse(entry.read) if entry
      end
      Labkit.refuse("#{path} is no box: it has no metadata.json", "copy it again, or remove it")
    rescue Zlib::Error, Gem::Package::Error, JSON::ParserError, EOFError => e
      Labkit.refuse("#{path} is no box, or is cut short: #{e.message}", "copy it again, or remove it")
    end
  end
end
