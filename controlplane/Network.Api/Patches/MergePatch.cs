using System.Text.Json.Nodes;

namespace Network.Api.Patches;

/// <summary>JSON merge patch, RFC 7386: null deletes, objects merge, everything else replaces.</summary>
public static class MergePatch
{
    /// <summary>Changes <paramref name="target"/> in place.</summary>
    public static void Apply(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is JsonObject change)
            {
                if (target[name] is not JsonObject member)
                    target[name] = member = [];
                Apply(member, change);
            }
            else
            {
                target[name] = value.DeepClone();
            }
        }
    }
}
