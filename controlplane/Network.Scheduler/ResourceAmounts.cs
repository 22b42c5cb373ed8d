using k8s.Models;

namespace Network.Scheduler;

/// <summary>Amounts of named resources: cpu in millicores, everything else in its base unit (bytes, pieces).</summary>
public sealed class ResourceAmounts
{
    public const string Cpu = "cpu";
    public const string Memory = "memory";
    public const string Pods = "pods";
    private readonly Dictionary<string, long> _amounts = new(StringComparer.Ordinal);

    public IEnumerable<string> Names => _amounts.Keys;

    public long this[string name] => _amounts.GetValueOrDefault(name);

    public static ResourceAmounts Of(IEnumerable<KeyValuePair<string, ResourceQuantity>>? quantities)
    {
        var amounts = new ResourceAmounts();
        foreach (var (name, quantity) in quantities ?? [])
            amounts._amounts[name] = ValueOf(name, quantity);
        return amounts;
    }

    public void Add(ResourceAmounts other)
    {
        foreach (var (name, amount) in other._amounts)
            _amounts[name] = this[name] + amount;
    }

    public void Add(string name, long amount) => _amounts[name] = this[name] + amount;

    public void Max(ResourceAmounts other)
    {
        foreach (var (name, amount) in other._amounts)
            _amounts[name] = Math.Max(this[name], amount);
    }

    /// <summary>
    /// What a pod asks of its node (KEP-753): containers and restartable init containers run together, the other init
    /// containers one after another beside the restartable ones started before them.
    /// </summary>
    public static ResourceAmounts RequestsOf(V1PodSpec spec)
    {
        var total = new ResourceAmounts();
        foreach (var container in spec.Containers ?? [])
            total.Add(Of(container.Resources?.Requests));
        var sidecars = new ResourceAmounts();
        var starting = new ResourceAmounts();
        foreach (var init in spec.InitContainers ?? [])
        {
            var request = Of(init.Resources?.Requests);
            if (init.RestartPolicy == "Always")
            {
                sidecars.Add(request);
                starting.Max(sidecars);
                continue;
            }

            request.Add(sidecars);
            starting.Max(request);
        }

        total.Add(sidecars);
        total.Max(starting);
        total.Add(Of(spec.Overhead));
        total.Add(Pods, 1);
        return total;
    }

    private static long ValueOf(string name, ResourceQuantity quantity)
    {
        var value = quantity.ToDecimal();
        return (long)Math.Ceiling(name == Cpu ? value * 1000 : value);
    }
}
