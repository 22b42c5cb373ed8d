using Xunit;

namespace Network.Architecture.Tests;

/// <summary>
/// Exceptions from a rule, each with its reason. An entry that is not needed any more fails the test too, so a list can
/// only shrink.
/// </summary>
internal sealed class AllowList(params (string Where, string Reason)[] entries)
{
    internal void Check(string rule, IEnumerable<(string Where, string What)> violations)
    {
        var found = violations.ToList();
        Assert.All(entries, entry => Assert.NotEmpty(entry.Reason));
        var faults = found.Where(violation => entries.All(entry => entry.Where != violation.Where))
            .Select(violation => $"{violation.Where}: {violation.What}")
            .Concat(entries.Where(entry => found.All(violation => violation.Where != entry.Where))
                .Select(entry => $"{entry.Where}: keeps the rule now; take it off the list of exceptions"))
            .ToList();
        Assert.True(faults.Count == 0, $"{rule}\n  {string.Join("\n  ", faults)}");
    }
}
