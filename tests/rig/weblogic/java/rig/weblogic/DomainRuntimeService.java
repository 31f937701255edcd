package rig.weblogic;

import java.util.ArrayList;
import java.util.List;
import org.w3c.dom.Element;

/** What WLST calls `domainRuntimeService`, and the beans below it that have nothing to say. */
public class DomainRuntimeService {
    /** Only servers that run appear. */
    public ServerRuntime[] getServerRuntimes() throws Exception {
        World.tick();
        World.refresh();
        List<ServerRuntime> found = new ArrayList<>();
        for (Element server : World.children(World.domain(), "server")) {
            if (server.getAttribute("state").equals("RUNNING")) {
                found.add(new ServerRuntime(server));
            }
        }
        return found.toArray(new ServerRuntime[0]);
    }

    public DomainRuntimeService.Configuration getDomainConfiguration() throws Exception {
        World.tick();
        return new Configuration(World.domain());
    }

    public DomainRuntime getDomainRuntime() throws Exception {
        World.tick();
        return new DomainRuntime();
    }

    public static class DomainRuntime {
        public AppRuntimeState getAppRuntimeStateRuntime() {
            return new AppRuntimeState();
        }

        public RolloutService getRolloutService() {
            return new RolloutService();
        }
    }

    public static class AppRuntimeState {
        public String[] getApplicationIds() {
            return World.children(World.domain(), "app").stream()
                    .map(app -> app.getAttribute("name")).toArray(String[]::new);
        }

        /** Null for what it does not know. */
        public String getCurrentState(String application, String target) throws Exception {
            World.tick();
            for (Element app : World.children(World.domain(), "app")) {
                for (Element one : World.children(app, "target")) {
                    if (app.getAttribute("name").equals(application)
                            && one.getAttribute("name").equals(target)) {
                        String state = one.getAttribute("state");
                        return state.isEmpty() ? null : state;
                    }
                }
            }
            return null;
        }
    }

    /** Domain, cluster, server, module or destination of the configuration. */
    public static class Configuration {
        private final Element element;

        Configuration(Element element) {
            this.element = element;
        }

        private Configuration[] children(String... names) {
            return World.children(element, names).stream()
                    .map(Configuration::new).toArray(Configuration[]::new);
        }

        public String getName() {
            return element.getAttribute("name");
        }

        public String getJNDIName() {
            String name = element.getAttribute("jndi");
            return name.isEmpty() ? null : name;
        }

        public String getDomainVersion() {
            return element.getAttribute("version");
        }

        public String getAdminServerName() {
            return element.getAttribute("adminServer");
        }

        public Configuration[] getAppDeployments() {
            return children("app");
        }

        /** Where a deployment goes. */
        public Configuration[] getTargets() {
            return World.children(element, "target").stream()
                    .filter(target -> !target.getAttribute("targeted").equals("no"))
                    .map(Configuration::new).toArray(Configuration[]::new);
        }

        public Configuration[] getServers() {
            return children("server");
        }

        /** Null without one. */
        public Configuration getMachine() {
            for (Element one : World.children(World.domain(), "machine")) {
                if (one.getAttribute("name").equals(element.getAttribute("machine"))) {
                    return new Configuration(one);
                }
            }
            return null;
        }

        /** Null without one. */
        public Configuration getCluster() {
            for (Element one : World.children(World.domain(), "cluster")) {
                for (Element member : World.children(one, "server")) {
                    if (member.getAttribute("name").equals(getName())) {
                        return new Configuration(one);
                    }
                }
            }
            return null;
        }

        public Configuration[] getClusters() {
            return children("cluster");
        }

        public Configuration[] getJMSSystemResources() {
            return children("module");
        }

        public Configuration getJMSResource() {
            return this;
        }

        public Configuration[] getQueues() {
            return children("queue");
        }

        public Configuration[] getTopics() {
            return children("topic");
        }

        public Configuration[] getUniformDistributedQueues() {
            return children("uniformQueue");
        }

        public Configuration[] getUniformDistributedTopics() {
            return children("uniformTopic");
        }

        public Configuration[] getDistributedQueues() {
            return new Configuration[0];
        }

        public Configuration[] getDistributedTopics() {
            return new Configuration[0];
        }
    }
}
