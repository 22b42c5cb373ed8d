using k8s.Models;

namespace Network.Kubelet.Pods;

/// <summary>What to do next for a pod.</summary>
/// <param name="Start">Containers to start now, in this order.</param>
/// <param name="Stop">Sidecars to stop because everything they served has ended.</param>
/// <param name="WaitUntil">When back-off ends for the container that comes next; null when only an event can change anything.</param>
/// <param name="BackingOff">Containers that would start but for back-off.</param>
/// <param name="Finished">Every container has ended for good.</param>
/// <param name="Initialized">Every init container has done its part.</param>
internal sealed record PodPlan(IReadOnlyList<string> Start, IReadOnlyList<string> Stop, DateTimeOffset? WaitUntil, IReadOnlyList<string> BackingOff,
    bool Finished, bool Initialized)
{
    /// <summary>Pure: the same pod and views always give the same plan.</summary>
    /// <param name="everStarted">Whether a main container has started in this sandbox: then init containers are over and done with.</param>
    internal static PodPlan For(V1PodSpec spec, IReadOnlyDictionary<string, ContainerView> views, bool everStarted, DateTimeOffset now)
    {
        var builder = new Builder(spec.RestartPolicy ?? "Always", views, now);
        var mains = spec.Containers.ToList();
        var sidecars = (spec.InitContainers ?? []).Where(IsSidecar).ToList();
        var mainsFinished = mains.All(container => builder.EndedForGood(container.Name));
        if (!builder.Initialize(spec.InitContainers ?? [], everStarted, restartSidecars: !mainsFinished))
            return builder.Result(finished: builder.Failed && builder.NothingRuns(mains.Concat(sidecars)), initialized: false, StopIf(builder.Failed, sidecars, builder));
        foreach (var container in mains)
            builder.Consider(container.Name);
        var finished = mainsFinished && builder.NothingRuns(sidecars);
        return builder.Result(finished, initialized: true, StopIf(mainsFinished, sidecars, builder));
    }

    /// <summary>An init container that stays (KEP-753).</summary>
    internal static bool IsSidecar(V1Container container) => container.RestartPolicy == "Always";

    // Reverse order: what started first is needed longest.
    private static IReadOnlyList<string> StopIf(bool over, IEnumerable<V1Container> sidecars, Builder builder) =>
        over ? [.. sidecars.Reverse().Select(container => container.Name).Where(builder.Runs)] : [];

    private sealed class Builder(string policy, IReadOnlyDictionary<string, ContainerView> views, DateTimeOffset now)
    {
        private readonly List<string> _start = [];
        private readonly List<string> _backingOff = [];
        private DateTimeOffset? _waitUntil;

        internal bool Failed { get; private set; }

        /// <returns>True when main containers may start.</returns>
        internal bool Initialize(IEnumerable<V1Container> containers, bool everStarted, bool restartSidecars)
        {
            foreach (var container in containers)
            {
                var view = View(container.Name);
                if (IsSidecar(container))
                {
                    if (view.Condition != ContainerCondition.Running)
                    {
                        if (restartSidecars)
                            StartOrWait(container.Name, view);
                        if (!everStarted)
                            return false;
                    }
                    else if (!view.Started && !everStarted)
                    {
                        return false;
                    }

                    continue;
                }

                if (everStarted || view is { Condition: ContainerCondition.Exited, ExitCode: 0 })
                    continue;
                if (view.Condition == ContainerCondition.Exited && policy == "Never")
                    Failed = true;
                else if (view.Condition != ContainerCondition.Running)
                    StartOrWait(container.Name, view);
                return false;
            }

            return true;
        }

        internal void Consider(string name)
        {
            var view = View(name);
            if (view.Condition != ContainerCondition.Running && !EndedForGood(name))
                StartOrWait(name, view);
        }

        internal bool EndedForGood(string name)
        {
            var view = View(name);
            return view.Condition == ContainerCondition.Exited && policy switch
            {
                "Never" => true,
                "OnFailure" => view.ExitCode == 0,
                _ => false,
            };
        }

        internal bool Runs(string name) => View(name).Condition == ContainerCondition.Running;

        internal bool NothingRuns(IEnumerable<V1Container> containers) => !containers.Any(container => Runs(container.Name));

        internal PodPlan Result(bool finished, bool initialized, IReadOnlyList<string> stop) =>
            new(_start, stop, _waitUntil, _backingOff, finished, initialized);

        private void StartOrWait(string name, ContainerView view)
        {
            if (view.Condition == ContainerCondition.New || view.ReadyAt <= now)
            {
                _start.Add(name);
                return;
            }

            _backingOff.Add(name);
            if (_waitUntil is null || view.ReadyAt < _waitUntil)
                _waitUntil = view.ReadyAt;
        }

        private ContainerView View(string name) => views.GetValueOrDefault(name, ContainerView.Fresh);
    }
}
