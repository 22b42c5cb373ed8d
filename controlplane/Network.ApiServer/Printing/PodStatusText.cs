using System.Text.Json;
using Network.Api.Schema;

namespace Network.ApiServer.Printing;

/// <summary>Ready counts, STATUS and RESTARTS of a pod.</summary>
internal readonly record struct PodStatusText(int Ready, int Total, string Text, string Restarts)
{
    public static PodStatusText Of(JsonElement pod, DateTimeOffset now)
    {
        var state = new Reader(pod);
        var phase = pod.Text("status", "phase");
        var reason = pod.Text("status", "reason") is { Length: > 0 } given ? given : phase;
        foreach (var condition in pod.Items("status", "conditions"))
        {
            if (condition.Text("type") == "PodScheduled" && condition.Text("reason") == "SchedulingGated")
                reason = "SchedulingGated";
        }

        var initializing = state.Initialize(ref reason);
        if (!initializing || HasTrue(pod, "Initialized"))
            state.Run(ref reason);
        if (pod.Text("metadata", "deletionTimestamp").Length > 0)
        {
            if (pod.Text("status", "reason") == "NodeLost")
                reason = "Unknown";
            else if (phase is not ("Succeeded" or "Failed"))
                reason = "Terminating";
        }

        var restarts = state.Restarts == 0 || state.LastRestart is null
            ? Cells.Invariant(state.Restarts)
            : $"{state.Restarts} ({Cells.HumanDuration(now - state.LastRestart.Value)} ago)";
        return new(state.Ready, state.Total, reason, restarts);
    }

    private static bool HasTrue(JsonElement pod, string type) =>
        pod.Items("status", "conditions").Any(c => c.Text("type") == type && c.Text("status") == "True");

    private static string Terminated(JsonElement terminated, string prefix)
    {
        if (terminated.Text("reason") is { Length: > 0 } reason)
            return prefix + reason;
        return terminated.Number("signal") != 0 ? $"{prefix}Signal:{terminated.Number("signal")}" : $"{prefix}ExitCode:{terminated.Number("exitCode")}";
    }

    private sealed class Reader(JsonElement pod)
    {
        public int Ready { get; private set; }

        public int Total { get; private set; } = pod.Items("spec", "containers").Count()
            + pod.Items("spec", "initContainers").Count(c => c.Text("restartPolicy") == "Always");

        public long Restarts { get; private set; }

        public DateTimeOffset? LastRestart { get; private set; }

        public bool Initialize(ref string reason)
        {
            var inits = pod.Items("spec", "initContainers").ToList();
            var sidecars = inits.Where(c => c.Text("restartPolicy") == "Always").Select(c => c.Text("name")).ToHashSet();
            long sidecarRestarts = 0;
            DateTimeOffset? sidecarLast = null;
            var index = -1;
            foreach (var container in pod.Items("status", "initContainerStatuses"))
            {
                index++;
                Restarts += container.Number("restartCount");
                NoteRestart(container);
                var state = container.At("state");
                if (sidecars.Contains(container.Text("name")))
                {
                    sidecarRestarts += container.Number("restartCount");
                    sidecarLast = LastRestart;
                    if (container.Flag("ready"))
                        Ready++;
                    if (container.Flag("started"))
                        continue;
                }

                var terminated = state.At("terminated");
                if (terminated.ValueKind == JsonValueKind.Object && terminated.Number("exitCode") == 0)
                    continue;
                if (terminated.ValueKind == JsonValueKind.Object)
                    reason = Terminated(terminated, "Init:");
                else if (state.Text("waiting", "reason") is { Length: > 0 } waiting && waiting != "PodInitializing")
                    reason = "Init:" + waiting;
                else
                    reason = $"Init:{index}/{inits.Count}";
                return true;
            }

            // Once initialization is over only the restarts of what still runs count.
            (Restarts, LastRestart) = (sidecarRestarts, sidecarLast);
            return false;
        }

        public void Run(ref string reason)
        {
            var running = false;
            foreach (var container in pod.Items("status", "containerStatuses").Reverse())
            {
                Restarts += container.Number("restartCount");
                NoteRestart(container);
                var state = container.At("state");
                if (state.Text("waiting", "reason") is { Length: > 0 } waiting)
                    reason = waiting;
                else if (state.At("terminated") is { ValueKind: JsonValueKind.Object } terminated)
                    reason = Terminated(terminated, "");
                else if (container.Flag("ready") && state.At("running").ValueKind == JsonValueKind.Object)
                    running = Count();
            }

            if (reason == "Completed" && running)
                reason = HasTrue(pod, "Ready") ? "Running" : "NotReady";
        }

        private bool Count()
        {
            Ready++;
            return true;
        }

        private void NoteRestart(JsonElement container)
        {
            if (WireTime.Parse(container.Text("lastState", "terminated", "finishedAt")) is { } finished && (LastRestart is null || finished > LastRestart))
                LastRestart = finished;
        }
    }
}
