namespace Network.ApiServer.Authorization;

/// <summary>Compares what somebody holds with what they want to give away (component-helpers auth/rbac/validation).</summary>
internal static class RuleCoverage
{
    /// <summary>The wanted rights that are not held, compacted and spelled as upstream spells them, sorted; empty when all are held.</summary>
    public static IReadOnlyList<string> Missing(IReadOnlyCollection<PolicyRule> held, IEnumerable<PolicyRule> wanted) =>
        [.. Compact(wanted.SelectMany(Simple).Where(w => !held.Any(h => h.Covers(w)))).Select(Spell).Distinct().Order(StringComparer.Ordinal)];

    // One verb on one resource or path each.
    private static IEnumerable<PolicyRule> Simple(PolicyRule rule)
    {
        foreach (var verb in rule.Verbs)
        {
            foreach (var path in rule.Paths)
                yield return new PolicyRule([verb], [], []) { Paths = [path] };
            foreach (var group in rule.Groups)
            {
                foreach (var resource in rule.Resources)
                {
                    var one = new PolicyRule([verb], [group], [resource]);
                    if (rule.Names.Count == 0)
                        yield return one;
                    foreach (var name in rule.Names)
                        yield return one with { Names = [name] };
                }
            }
        }
    }

    private static IEnumerable<PolicyRule> Compact(IEnumerable<PolicyRule> simple) => simple
        .GroupBy(r => (r.Groups.FirstOrDefault(), r.Resources.FirstOrDefault(), r.Names.FirstOrDefault(), r.Paths.FirstOrDefault()))
        .Select(g => g.First() with { Verbs = [.. g.Select(r => r.Verbs[0]).Distinct()] });

    private static string Spell(PolicyRule rule)
    {
        var parts = new List<string>();
        Add(parts, "APIGroups", rule.Groups);
        Add(parts, "Resources", rule.Resources);
        Add(parts, "NonResourceURLs", rule.Paths);
        Add(parts, "ResourceNames", rule.Names);
        Add(parts, "Verbs", rule.Verbs);
        return "{" + string.Join(", ", parts) + "}";
    }

    private static void Add(List<string> parts, string name, IReadOnlyList<string> values)
    {
        if (values.Count > 0)
            parts.Add($"{name}:{Quote(values)}");
    }

    /// <summary>A list as Go's %q prints it.</summary>
    public static string Quote(IEnumerable<string> values) => "[" + string.Join(' ', values.Select(v => $"\"{v}\"")) + "]";
}
