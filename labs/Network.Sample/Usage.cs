namespace Network.Sample;

/// <summary>The one page of help.</summary>
internal static class Usage
{
    internal static int Print()
    {
        Console.WriteLine("""
            podnet-sample: a small server to look at a network with.

              podnet-sample [netexec] [--http-port 8080] [--udp-port 8081]
                  HTTP: / /hostname /clientip /echo?msg= /env /healthz /readyz /set?ready=true|false /exit?code=
                        /dial?host=&port=&protocol=http|udp&request=hostname&tries=1
                  UDP:  hostname | clientip | echo <text>

              podnet-sample dial <url or host:port> [--protocol http|udp] [--request hostname] [--tries 1] [--timeout 2]
                  resolves the name anew for every try and prints the distinct answers as JSON;
                  exit code 1 when every try failed
            """);
        return 0;
    }

    internal static int Wrong(string problem)
    {
        Console.Error.WriteLine($"podnet-sample: {problem}; see podnet-sample --help");
        return 2;
    }
}
