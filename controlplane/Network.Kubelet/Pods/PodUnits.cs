using k8s.Models;
using Network.Kubelet.Runtime;

namespace Network.Kubelet.Pods;

/// <summary>The containers of one pod with their lives found in the runtime, also those an earlier kubelet started.</summary>
internal sealed class PodUnits
{
    private readonly KubeletSettings _settings;

    internal PodUnits(V1Pod pod, KubeletSettings settings, IEnumerable<Container> existing)
    {
        _settings = settings;
        All = [.. (pod.Spec.InitContainers ?? []).Select(container => New(container, true)), .. pod.Spec.Containers.Select(container => New(container, false))];
        foreach (var lives in existing.GroupBy(container => container.Record.Identity.Name))
        {
            if (Find(lives.Key) is not { } unit)
                continue;
            var ordered = lives.OrderBy(container => container.Record.Identity.Attempt).ToList();
            unit.Current = ordered[^1];
            unit.Previous = ordered.Count > 1 ? ordered[^2] : null;
            unit.RestartCount = unit.Current.Record.Identity.Attempt;
        }
    }

    internal IReadOnlyList<ContainerUnit> All { get; }

    internal IEnumerable<ContainerUnit> Mains => All.Where(unit => !unit.IsInit);

    internal bool AnyMainStarted => Mains.Any(unit => unit.Current is not null);

    internal ContainerUnit? Find(string name) => All.FirstOrDefault(unit => unit.Spec.Name == name);

    internal IReadOnlyDictionary<string, ContainerView> Views(DateTimeOffset now) => All.ToDictionary(unit => unit.Spec.Name, unit => unit.View(now));

    /// <summary>Takes over the mutable part of a changed spec.</summary>
    internal void Update(V1Pod pod)
    {
        foreach (var container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []))
        {
            if (Find(container.Name) is { } unit)
                unit.Spec = container;
        }
    }

    private ContainerUnit New(V1Container container, bool isInit) =>
        new(container, isInit, new RestartBackoff(_settings.RestartBackoff, _settings.RestartBackoffLimit));
}
