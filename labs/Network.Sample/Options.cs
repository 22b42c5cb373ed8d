using System.Globalization;

namespace Network.Sample;

/// <summary><c>--name value</c> and <c>--name=value</c> pairs, and the words between them.</summary>
internal sealed class Options
{
    private readonly Dictionary<string, string> _values = [];
    private readonly List<string> _words = [];

    private Options()
    {
    }

    internal IReadOnlyList<string> Words => _words;

    /// <returns>False with a problem when a name is unknown or its value is missing.</returns>
    internal static bool TryParse(IReadOnlyList<string> arguments, IReadOnlyList<string> known, out Options options, out string problem)
    {
        options = new Options();
        problem = "";
        for (var i = 0; i < arguments.Count; i++)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal))
            {
                options._words.Add(arguments[i]);
                continue;
            }

            var pair = arguments[i][2..].Split('=', 2);
            if (!known.Contains(pair[0]))
                problem = $"unknown option --{pair[0]}";
            else if (pair.Length == 2)
                options._values[pair[0]] = pair[1];
            else if (++i < arguments.Count)
                options._values[pair[0]] = arguments[i];
            else
                problem = $"option --{pair[0]} needs a value";
            if (problem.Length > 0)
                return false;
        }

        return true;
    }

    internal string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    internal int Number(string name, int otherwise) =>
        int.TryParse(_values.GetValueOrDefault(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
