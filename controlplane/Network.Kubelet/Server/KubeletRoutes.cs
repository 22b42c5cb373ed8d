using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Http;
using Network.Kubelet.Pods;
using Network.Kubelet.Runtime;
using Network.Kubelet.Runtime.Logs;
using Network.Kubelet.Streaming;

namespace Network.Kubelet.Server;

/// <summary>The kubelet API's paths in one visible list.</summary>
internal sealed class KubeletRoutes(PodContext context, PodDirector director)
{
    private readonly ExecRelay _relay = new(context.Exec);

    internal Task HandleAsync(HttpContext http)
    {
        var parts = http.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["healthz"] => TextAsync(http, "ok"),
            ["pods"] => PodsAsync(http, onlyRunning: false),
            ["runningpods"] => PodsAsync(http, onlyRunning: true),
            ["containerLogs", var ns, var pod, var container] => LogsAsync(http, ns, pod, container),
            ["exec", var ns, var pod, var container] => ExecAsync(http, ns, pod, container),
            ["exec", var ns, var pod, _, var container] => ExecAsync(http, ns, pod, container),
            ["attach", var ns, var pod, var container] => AttachAsync(http, ns, pod, container),
            ["attach", var ns, var pod, _, var container] => AttachAsync(http, ns, pod, container),
            ["portForward", var ns, var pod] => PortForwardAsync(http, ns, pod),
            ["portForward", var ns, var pod, _] => PortForwardAsync(http, ns, pod),
            ["tunnel", var ns, var pod, var port] when int.TryParse(port, out var number) => TunnelAsync(http, ns, pod, number),
            _ => StreamUpgrade.RefuseAsync(http, StatusCodes.Status404NotFound, "404 page not found"),
        };
    }

    private async Task PodsAsync(HttpContext http, bool onlyRunning)
    {
        var pods = director.Workers.Where(worker => !onlyRunning || worker.Units.All.Any(unit => unit.Running)).Select(WithStatus).ToList();
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(KubernetesJson.Serialize(new V1PodList { ApiVersion = "v1", Kind = "PodList", Metadata = new V1ListMeta(), Items = pods }))
            .ConfigureAwait(false);
    }

    private V1Pod WithStatus(PodWorker worker) => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = worker.Pod.Metadata,
        Spec = worker.Pod.Spec,
        Status = context.Statuses.Latest(worker.Pod.Metadata.Uid) ?? worker.Pod.Status,
    };

    private async Task LogsAsync(HttpContext http, string ns, string pod, string name)
    {
        if (await FindAsync(http, ns, pod, name).ConfigureAwait(false) is not { } unit)
            return;
        var query = new QueryReader(http.Request.Query);
        var container = query.Flag("previous") ? unit.Previous : unit.Current ?? unit.Previous;
        if (query.Flag("previous") && unit is { Previous: null, Current.Record.Phase: ContainerPhase.Exited, Waiting: not null })
            container = unit.Current;
        if (container is null || !File.Exists(container.Record.LogPath))
        {
            var message = query.Flag("previous")
                ? $"previous terminated container \"{name}\" in pod \"{pod}\" not found"
                : $"container \"{name}\" in pod \"{pod}\" is waiting to start: {unit.Waiting?.Reason ?? "ContainerCreating"}";
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status400BadRequest, message).ConfigureAwait(false);
            return;
        }

        var now = context.Time.GetUtcNow();
        var options = new LogOptions
        {
            Follow = query.Flag("follow"),
            Timestamps = query.Flag("timestamps"),
            TailLines = query.Number("tailLines"),
            LimitBytes = query.Number("limitBytes"),
            Since = query.Number("sinceSeconds") is { } seconds ? now.AddSeconds(-seconds) : query.Time("sinceTime"),
            Stream = query.Text("stream") switch { "Stdout" => "stdout", "Stderr" => "stderr", _ => null },
        };
        http.Response.ContentType = "text/plain";
        await http.Response.StartAsync().ConfigureAwait(false);
        try
        {
            await new LogReader(container.Record.LogPath, options).CopyToAsync(http.Response.Body, container.Log, http.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The reader went away, or the log with its pod.
        }
    }

    private async Task ExecAsync(HttpContext http, string ns, string pod, string name)
    {
        if (await FindRunningAsync(http, ns, pod, name).ConfigureAwait(false) is not { } container)
            return;
        var query = new QueryReader(http.Request.Query);
        var command = query.All("command");
        if (command.Count == 0)
        {
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status400BadRequest, "you must specify at least one command for the container").ConfigureAwait(false);
            return;
        }

        var request = query.Streams(query.Flag("tty"));
        await StreamUpgrade.RemoteCommandAsync(http, request, remote => _relay.ExecAsync(container, command, request, remote)).ConfigureAwait(false);
    }

    private async Task AttachAsync(HttpContext http, string ns, string pod, string name)
    {
        if (await FindRunningAsync(http, ns, pod, name).ConfigureAwait(false) is not { } container)
            return;
        var query = new QueryReader(http.Request.Query);
        var request = query.Streams(query.Flag("tty"));
        await StreamUpgrade.RemoteCommandAsync(http, request, remote => ExecRelay.AttachAsync(container, request, remote)).ConfigureAwait(false);
    }

    private async Task PortForwardAsync(HttpContext http, string ns, string pod)
    {
        if (director.Find(ns, pod) is { } worker)
            await new PortForwardRelay($"{pod}_{ns}", worker.NetNs).RunAsync(http).ConfigureAwait(false);
        else
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status404NotFound, $"pod \"{pod}\" does not exist").ConfigureAwait(false);
    }

    private async Task TunnelAsync(HttpContext http, string ns, string pod, int port)
    {
        if (director.Find(ns, pod) is { } worker)
            await PodTunnel.RunAsync(http, new PortForwardRelay($"{pod}_{ns}", worker.NetNs), port).ConfigureAwait(false);
        else
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status404NotFound, $"pod \"{pod}\" does not exist").ConfigureAwait(false);
    }

    private async Task<Container?> FindRunningAsync(HttpContext http, string ns, string pod, string name)
    {
        if (await FindAsync(http, ns, pod, name).ConfigureAwait(false) is not { } unit)
            return null;
        if (unit.Running)
            return unit.Current;
        await StreamUpgrade.RefuseAsync(http, StatusCodes.Status500InternalServerError, $"container not found (\"{name}\")").ConfigureAwait(false);
        return null;
    }

    private async Task<ContainerUnit?> FindAsync(HttpContext http, string ns, string pod, string name)
    {
        if (director.Find(ns, pod) is not { } worker)
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status404NotFound, $"pod \"{pod}\" does not exist").ConfigureAwait(false);
        else if (worker.Units.Find(name) is { } unit)
            return unit;
        else
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status404NotFound, $"container {name} not found in pod {pod}_{ns}").ConfigureAwait(false);
        return null;
    }

    private static Task TextAsync(HttpContext http, string text)
    {
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text);
    }
}
