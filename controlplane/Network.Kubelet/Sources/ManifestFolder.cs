using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Network.Kubelet.Sources;

/// <summary>Static pods: every manifest file of a folder is a pod of this node, followed by inotify. A broken file leaves its pod as it was.</summary>
internal sealed partial class ManifestFolder : IDisposable
{
    private readonly string _directory;
    private readonly string _nodeName;
    private readonly ILogger _logger;
    private readonly Action<V1Pod> _set;
    private readonly Action<V1Pod> _remove;
    private readonly FileSystemWatcher _watcher;
    private readonly Dictionary<string, V1Pod> _pods = [];
    private readonly Lock _lock = new();

    internal ManifestFolder(string directory, string nodeName, Action<V1Pod> set, Action<V1Pod> remove, ILogger<ManifestFolder> logger)
    {
        _directory = directory;
        _nodeName = nodeName;
        _logger = logger;
        _set = set;
        _remove = remove;
        Directory.CreateDirectory(directory);
        _watcher = new FileSystemWatcher(directory) { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size };
        _watcher.Created += (_, _) => Read();
        _watcher.Changed += (_, _) => Read();
        _watcher.Deleted += (_, _) => Read();
        _watcher.Renamed += (_, _) => Read();
    }

    /// <summary>Reads the folder for the first time and begins to follow it.</summary>
    internal void Start()
    {
        _watcher.EnableRaisingEvents = true;
        Read();
    }

    public void Dispose() => _watcher.Dispose();

    private void Read()
    {
        lock (_lock)
        {
            var files = Directory.EnumerateFiles(_directory)
                .Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json" && !Path.GetFileName(file).StartsWith('.')).ToHashSet();
            foreach (var file in files)
                Read(file);
            foreach (var gone in _pods.Keys.Where(file => !files.Contains(file)).ToList())
            {
                _pods.Remove(gone, out var pod);
                LogGone(gone, pod!.Metadata.Name);
                _remove(pod);
            }
        }
    }

    private void Read(string file)
    {
        V1Pod pod;
        try
        {
            var text = File.ReadAllText(file);
            // A file just created is still empty; the notification of its content follows.
            if (text.Length == 0)
                return;
            pod = StaticPod.Parse(text, file, _nodeName);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            LogBroken(file, e.Message);
            return;
        }

        if (_pods.TryGetValue(file, out var known))
        {
            if (known.Metadata.Uid == pod.Metadata.Uid)
                return;
            _remove(known);
        }

        _pods[file] = pod;
        LogRead(file, pod.Metadata.NamespaceProperty, pod.Metadata.Name);
        _set(pod);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "manifest {File}: pod {Namespace}/{Pod}")]
    private partial void LogRead(string file, string @namespace, string pod);

    [LoggerMessage(Level = LogLevel.Information, Message = "manifest {File} is gone: pod {Pod} ends")]
    private partial void LogGone(string file, string pod);

    [LoggerMessage(Level = LogLevel.Error, Message = "manifest {File} not used: {Problem}")]
    private partial void LogBroken(string file, string problem);
}
