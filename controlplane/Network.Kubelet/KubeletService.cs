using k8s.Models;
using Microsoft.Extensions.Logging;
using Network.Client;
using Network.Kubelet.Cni;
using Network.Kubelet.Images;
using Network.Kubelet.Node;
using Network.Kubelet.Pods;
using Network.Kubelet.Runtime;
using Network.Kubelet.Runtime.Oci;
using Network.Kubelet.Sandbox;
using Network.Kubelet.Server;
using Network.Kubelet.Sources;
using Network.Kubelet.Variables;
using Network.Kubelet.Volumes;
using Network.Linux;

namespace Network.Kubelet;

/// <summary>The kubelet of one node. With an API client it runs what the API binds to the node; without one, the manifest folder alone.</summary>
public sealed partial class KubeletService
{
    private readonly KubeletSettings _settings;
    private readonly ApiClient? _client;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly ImageStore _images;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CniDirectory? _networks;

    public KubeletService(KubeletSettings settings, ApiClient? client, TimeProvider time, ILoggerFactory loggers)
    {
        _settings = settings;
        _client = client;
        _time = time;
        _loggers = loggers;
        _logger = loggers.CreateLogger<KubeletService>();
        _images = new ImageStore(settings.ImageDirectory);
    }

    /// <summary>Whether this node can run pods with a network now.</summary>
    public bool IsReady => _networks?.Network is not null;

    /// <summary>Completes when state of an earlier run is taken over and the kubelet API listens.</summary>
    public Task Started => _started.Task;

    /// <summary>The port the kubelet API really listens on; differs from the settings when those say 0.</summary>
    public int ListeningPort { get; private set; }

    public async Task RunAsync(CancellationToken cancel)
    {
        Processes.BecomeSubreaper();
        Directory.CreateDirectory(_settings.DataDirectory);
        using var networks = _networks = new CniDirectory(_settings.CniConfigDirectory);
        var command = new RuntimeCommand(_settings.RuntimePath ?? RuntimeCommand.Detect(), Path.Combine(_settings.DataDirectory, "runtime"));
        using var runtime = new ContainerRuntime(command, _settings.DataDirectory, _images, _time, _loggers.CreateLogger<ContainerRuntime>());
        runtime.Adopt();

        var events = _client is null ? null : new EventRecorder(_client, "kubelet", _settings.NodeName, _time, _loggers.CreateLogger<EventRecorder>());
        var services = _client is null ? null : new Informer<V1Service>(_client, Resources.Services, ListQuery.All, _loggers.CreateLogger("services"));
        using var plugins = new CniRunner(_settings.CniBinaryDirectories);
        var context = Context(runtime, command, networks, plugins, services, events, cancel);
        var director = new PodDirector(context, cancel);
        runtime.Exited += director.ContainerEnded;
        networks.Changed += director.NudgeAll;

        List<Task> loops = [new CniUpkeep(networks, plugins, _settings.DataDirectory, _time, _loggers.CreateLogger<CniUpkeep>()).RunAsync(cancel)];
        MirrorPods? mirrors = null;
        if (_client is not null)
        {
            loops.Add(services!.RunAsync(cancel));
            loops.Add(events!.RunAsync(cancel));
            AddNode(loops, command, networks, events, cancel);
            mirrors = new MirrorPods(_client, _settings.NodeName, director.Refresh, _time, _loggers.CreateLogger<MirrorPods>());
        }

        using var manifests = StartManifests(director, mirrors);
        if (_client is not null)
            loops.Add(FollowPodsAsync(director, mirrors!, services!, cancel));
        else
            director.RemoveOrphans();
        var (server, port) = await KubeletServer.StartAsync(_settings, new KubeletRoutes(context, director), _loggers).ConfigureAwait(false);
        await using var listening = server.ConfigureAwait(false);
        ListeningPort = port;
        LogStarted(_settings.NodeName, _client is null ? "alone" : "with an API server", runtime.Name);
        _started.TrySetResult();
        loops.Add(Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
        await Task.WhenAll(loops).ConfigureAwait(false);
    }

    private PodContext Context(ContainerRuntime runtime, RuntimeCommand command, CniDirectory networks, CniRunner plugins, Informer<V1Service>? services,
        EventRecorder? events, CancellationToken cancel)
    {
        IPodObjects objects = _client is null ? new StandaloneObjects() : new ApiObjects(_client, services!);
        var tokens = new TokenCache(objects, _time);
        return new PodContext
        {
            Settings = _settings,
            Client = _client,
            Runtime = runtime,
            Exec = new ContainerExec(command),
            Images = new ImageProvider(_images, null, _time),
            Sandboxes = new SandboxKeeper(_settings.NetNsPrefix ?? _settings.NodeName, _settings.NodeAddress.ToString(), networks, plugins,
                _loggers.CreateLogger<SandboxKeeper>()),
            Volumes = new VolumeKeeper(new VolumeContent(objects, tokens), _time),
            Tokens = tokens,
            Objects = objects,
            Environment = new PodEnvironment(objects),
            Statuses = new StatusWriter(_client, _time, _loggers.CreateLogger<StatusWriter>(), cancel),
            Event = (pod, container, type, reason, message) => Tell(events, pod, container, type, reason, message),
            Time = _time,
            Logger = _loggers.CreateLogger<PodWorker>(),
        };
    }

    private void AddNode(List<Task> loops, RuntimeCommand command, CniDirectory networks, EventRecorder events, CancellationToken cancel)
    {
        var version = command.VersionAsync().ContinueWith(task => $"{command.Name}://{(task.IsCompletedSuccessfully ? task.Result : "unknown")}",
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        // Node events carry the node's name as uid: that is what kubectl describe looks for.
        var about = new V1ObjectReference { Kind = "Node", ApiVersion = "v1", Name = _settings.NodeName, Uid = _settings.NodeName };
        var node = new NodeKeeper(_settings, _client!, new NodeSources(networks, version, () => NodeSources.ImagesOf(_images),
            (type, reason, message) => events.Record(about, type, reason, message)), _time, _loggers.CreateLogger<NodeKeeper>());
        networks.Changed += node.Nudge;
        loops.Add(node.RunAsync(cancel));
        loops.Add(new LeaseKeeper(_settings, _client!, _time, _loggers.CreateLogger<LeaseKeeper>()).RunAsync(cancel));
    }

    private ManifestFolder? StartManifests(PodDirector director, MirrorPods? mirrors)
    {
        if (_settings.ManifestDirectory is not { } directory)
            return null;
        var folder = new ManifestFolder(directory, _settings.NodeName,
            pod =>
            {
                director.Set(pod);
                mirrors?.Set(pod);
            },
            pod =>
            {
                director.Remove(pod.Metadata.Uid);
                mirrors?.Remove(pod);
            }, _loggers.CreateLogger<ManifestFolder>());
        folder.Start();
        return folder;
    }

    private async Task FollowPodsAsync(PodDirector director, MirrorPods mirrors, Informer<V1Service> services, CancellationToken cancel)
    {
        var pods = new Informer<V1Pod>(_client!, Resources.Pods, new ListQuery { FieldSelector = $"spec.nodeName={_settings.NodeName}" },
            _loggers.CreateLogger("pods"));
        pods.Changed += change =>
        {
            if (MirrorPods.IsMirror(change.Object))
                mirrors.Changed(change);
            else if (change.IsDelete)
                director.Remove(change.Object.Metadata.Uid);
            else
                director.Set(change.New!);
        };
        // Pods get their service variables once, at their start: the services must be known first.
        await services.Synced.WaitAsync(cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var running = pods.RunAsync(cancel);
        await Task.WhenAny(pods.Synced, running).ConfigureAwait(false);
        if (pods.Synced.IsCompleted)
            director.RemoveOrphans();
        await running.ConfigureAwait(false);
    }

    private void Tell(EventRecorder? events, V1Pod pod, string? container, string type, string reason, string message)
    {
        LogEvent(pod.Metadata.NamespaceProperty, pod.Metadata.Name, container ?? "", reason, message);
        if (events is null)
            return;
        var init = pod.Spec.InitContainers?.Any(candidate => candidate.Name == container) == true;
        var path = container is null ? null : $"spec.{(init ? "initContainers" : "containers")}{{{container}}}";
        events.Record(References.To(Resources.Pods, pod, path), type, reason, message);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "kubelet of {Node} started {Mode} on {Runtime}")]
    private partial void LogStarted(string node, string mode, string runtime);

    [LoggerMessage(Level = LogLevel.Information, Message = "pod {Namespace}/{Pod} {Container}: {Reason}: {Text}")]
    private partial void LogEvent(string @namespace, string pod, string container, string reason, string text);
}
